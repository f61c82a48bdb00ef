//! YAML, put together from its events as version 2 of go-yaml does it, for that is what kubectl reads with.
//!
//! Other programs read the same text with other readers: Kustomize with version 3 of go-yaml, a CI script with Python. What
//! they read differently from kubectl is no value here but an error, for what was checked may not be what is applied.
//! Source: kubernetes-sigs/yaml, `goyaml.v2/decode.go` (`mapping`, `merge`, `isMerge`, `scalar`).

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tree::{Name, Value};

use super::{
    Unreadable,
    events::{Event, Events, Malformed, Scalar, What},
    lines::{Lines, Mark, Marks},
    node::{Fields, Items, Node},
    place::{Places, Text},
    scalar::{self, Meaning},
};

/// What is said of what stands behind the end of a document.
pub(super) const SEVERAL: &str =
    "more than one document: kubectl reads only the first; put `---` alone on a line between them";

/// Sequences and mappings within each other: as many as JSON may have for the API server's policies.
pub(super) const MAX_DEPTH: usize = 128;

/// What anchors may keep and aliases bring in, counted in values: room for the dump of a whole cluster, but not for an alias
/// bomb.
const MAX_COPIED: usize = 500_000;

/// Reads a text with one document: its value, and where that is.
pub(super) fn read<M: Marks>(text: Text<'_>) -> Result<(Node<M>, Mark), Unreadable> {
    let mut composer = Composer {
        events: Events::of(text.text),
        places: Places::in_text(text),
        text,
        end: text.text.trim_end().len(),
        read: 0,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        values: 0,
        copied: 0,
    };
    let mut start = composer.next()?;
    let mut root = Part::default();
    if start.what == What::DocumentStart {
        start = composer.next()?;
        let mut mark = composer.places.mark::<Lines>(start.start, start.end);
        root = composer.part(start, 1)?;
        mark.end = composer.read;
        composer.next()?;
        let behind = composer.next()?;
        if behind.what != What::StreamEnd {
            return Err(composer.cannot_be_read(SEVERAL, behind.start));
        }
        return Ok((root.node, mark));
    }
    let mark = Mark {
        line: text.above + 1,
        ..Mark::default()
    };
    Ok((root.node, mark))
}

/// What was read of a document so far.
struct Composer<'a, M> {
    events: Events<'a>,
    places: Places<'a>,
    text: Text<'a>,
    /// Where the content of the text ends.
    end: usize,
    /// The byte behind what was read last, without comments and line breaks.
    read: usize,
    /// Where the sequences and mappings start that are being read.
    open: Vec<usize>,
    anchors: BTreeMap<String, Anchor<M>>,
    /// How many values there were.
    values: usize,
    /// How many were copied: for an anchor, or in place of an alias.
    copied: usize,
}

/// A value, and how large it is.
#[derive(Debug, Clone, Default)]
struct Part<M> {
    node: Node<M>,
    /// How deep sequences and mappings stand within each other.
    height: usize,
}

/// What an alias stands for.
#[derive(Debug)]
enum Anchor<M> {
    /// The sequence or mapping is not read to its end.
    Open,
    Known {
        part: Part<M>,
        /// How many values are in it.
        size: usize,
        /// What it is called as a key, where it is a scalar that can be one.
        name: Option<String>,
    },
}

/// The key of a field.
enum Key {
    /// That of the fields of another mapping.
    Merge,
    Name(String),
}

impl<M: Marks> Composer<'_, M> {
    fn next(&mut self) -> Result<Event, Unreadable> {
        let event = self.events.next().map_err(|error| self.malformed(error))?;
        if event.end > event.start {
            self.read = event.end;
        }
        if event.has_tag && has_loose_end(self.text.text, event.start) {
            let text = "a tag that ends at a comma or a bracket: some readers take that for a part of the tag; put a space \
                        behind the tag";
            return Err(two_ways(self.places.line(event.start), text));
        }
        Ok(event)
    }

    /// Where an event starts. The end is that of the value, which is not read yet.
    fn begin(&mut self, event: &Event) -> Mark {
        self.places.mark::<M>(event.start, event.end)
    }

    fn malformed(&mut self, error: Malformed) -> Unreadable {
        let starts = error.context.map(|(_, start)| start);
        let mut starts = starts.into_iter().chain(self.open.last().copied());
        if error.at >= self.end
            && let Some(start) = starts.find(|start| *start < self.end)
        {
            return self.cannot_be_read("what starts here has no end", start);
        }
        let mut unreadable = self.cannot_be_read(error.problem, error.at);
        if let Some((context, start)) = error.context {
            let line = self.places.line(start);
            unreadable
                .text
                .extend([", ", context, " from line ", &line.to_string()]);
        }
        unreadable
    }

    fn cannot_be_read(&mut self, problem: &str, at: usize) -> Unreadable {
        let (line, column) = self.places.line_and_column(at);
        Unreadable {
            line,
            text: format!("cannot be read: {problem} (column {column})"),
        }
    }

    /// The value that starts with an event.
    fn part(&mut self, event: Event, depth: usize) -> Result<Part<M>, Unreadable> {
        let Event { what, start, .. } = event;
        let first = self.values;
        self.values += 1;
        if depth > MAX_DEPTH {
            return Err(Unreadable::too_deep(self.places.line(start)));
        }
        match what {
            What::Alias(name) => self.alias(&name, start, depth),
            What::Scalar(anchor, scalar) => {
                let meaning = self.meaning(&scalar, start)?;
                let name = anchor.as_ref().and_then(|_| meaning.name(&scalar.text));
                let part = Part {
                    node: self.scalar(meaning, scalar.text, start)?.into(),
                    height: 1,
                };
                self.keep(anchor, &part, (start, first), || name)?;
                Ok(part)
            }
            What::SequenceStart(anchor) => {
                self.open(anchor.as_ref(), start);
                let part = self.sequence(depth)?;
                self.open.pop();
                self.keep(anchor, &part, (start, first), || None)?;
                Ok(part)
            }
            What::MappingStart(anchor) => {
                self.open(anchor.as_ref(), start);
                let part = self.mapping(depth)?;
                self.open.pop();
                self.keep(anchor, &part, (start, first), || None)?;
                Ok(part)
            }
            // The parser of libyaml ends nothing that it did not start.
            What::DocumentStart
            | What::DocumentEnd
            | What::StreamEnd
            | What::SequenceEnd
            | What::MappingEnd => Ok(Part::default()),
        }
    }

    fn alias(&mut self, name: &str, start: usize, depth: usize) -> Result<Part<M>, Unreadable> {
        match self.anchors.get(name) {
            None => Err(self.cannot_be_read("an alias to an unknown anchor", start)),
            Some(Anchor::Open) => Err(self.cannot_be_read("an alias within its own anchor", start)),
            Some(Anchor::Known { part, size, .. }) => {
                self.values += size;
                self.copied += size;
                if self.copied > MAX_COPIED || depth + part.height > MAX_DEPTH + 1 {
                    return Err(Unreadable::too_deep(self.places.line(start)));
                }
                Ok(part.clone())
            }
        }
    }

    fn open(&mut self, anchor: Option<&String>, start: usize) {
        self.open.push(start);
        if let Some(name) = anchor {
            self.anchors.insert(name.clone(), Anchor::Open);
        }
    }

    /// Remembers a value that has an anchor. It starts at a byte, and `first` is how many values there were before it.
    fn keep(
        &mut self,
        anchor: Option<String>,
        part: &Part<M>,
        (start, first): (usize, usize),
        name: impl FnOnce() -> Option<String>,
    ) -> Result<(), Unreadable> {
        if let Some(anchor) = anchor {
            let size = self.values - first;
            self.copied += size;
            if self.copied > MAX_COPIED {
                return Err(Unreadable::too_deep(self.places.line(start)));
            }
            let known = Anchor::Known {
                part: part.clone(),
                size,
                name: name(),
            };
            self.anchors.insert(anchor, known);
        }
        Ok(())
    }

    fn sequence(&mut self, depth: usize) -> Result<Part<M>, Unreadable> {
        let mut items = Items::default();
        let mut height = 0;
        loop {
            let event = self.next()?;
            if event.what == What::SequenceEnd {
                return Ok(Part {
                    node: items.into_node(),
                    height: height + 1,
                });
            }
            let mut mark = self.begin(&event);
            let item = self.part(event, depth + 1)?;
            mark.end = self.read;
            height = height.max(item.height);
            items.push(mark, item.node);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Part<M>, Unreadable> {
        let mut fields = Fields::default();
        let mut height = 0;
        // The line of `<<`, and the fields that are from there.
        let mut merged: Option<(usize, BTreeSet<Name>)> = None;
        loop {
            let event = self.next()?;
            if event.what == What::MappingEnd {
                return Ok(Part {
                    node: fields.into_node(),
                    height: height + 1,
                });
            }
            let mut mark = self.begin(&event);
            let line = mark.line;
            let key = self.key(event)?;
            let event = self.next()?;
            let value_start = event.start;
            let value = self.part(event, depth + 1)?;
            mark.end = self.read;
            height = height.max(value.height);
            match key {
                Key::Merge => {
                    if let Some((first, _)) = merged {
                        let text = "write one, such as `<<: [*a, *b]`";
                        return Err(two_ways(
                            line,
                            &format!("`<<` is there twice, in lines {first} and {line}: {text}"),
                        ));
                    }
                    let Some(others) = sources(value.node) else {
                        let problem = "`<<` takes a mapping or a sequence of mappings";
                        return Err(self.cannot_be_read(problem, value_start));
                    };
                    let names = merge(self.text, &mut fields, others, line)?;
                    merged = Some((line, names));
                }
                Key::Name(name) => {
                    let is_merged =
                        |(_, names): &mut (usize, BTreeSet<Name>)| names.remove(name.as_str());
                    let is_merged = merged.as_mut().is_some_and(is_merged);
                    match fields.get(&name) {
                        Some(known) if !is_merged => {
                            let values = [known, &value.node.value];
                            let lines = [fields.line(&name), line];
                            return Err(given_twice(self.text, &name, values, lines));
                        }
                        _ => fields.insert(name, mark, value.node),
                    }
                }
            }
        }
    }

    /// The key that an event is.
    fn key(&mut self, event: Event) -> Result<Key, Unreadable> {
        let Event { what, start, .. } = event;
        let no_text = "a key that is not text: quote it";
        let name = match what {
            What::Scalar(anchor, scalar) => {
                if scalar.is_plain
                    && scalar.tag.is_none()
                    && scalar.text == "<<"
                    && anchor.is_none()
                {
                    return Ok(Key::Merge);
                }
                let meaning = self.meaning(&scalar, start)?;
                let is_tagged_merge = scalar.tag.as_deref() == Some(scalar::MERGE_TAG);
                let name = if anchor.is_some() {
                    let name = meaning.name(&scalar.text);
                    let part = Part {
                        node: self.scalar(meaning, scalar.text, start)?.into(),
                        height: 1,
                    };
                    self.keep(anchor, &part, (start, self.values), || name.clone())?;
                    name
                } else {
                    meaning.into_name(scalar.text)
                };
                name.map(|name| (name, is_tagged_merge))
            }
            What::Alias(alias) => match self.anchors.get(&alias) {
                Some(Anchor::Known { name, .. }) => name.clone().map(|name| (name, false)),
                _ => return Err(self.cannot_be_read("an alias to an unknown anchor", start)),
            },
            _ => None,
        };
        match name {
            None => Err(self.cannot_be_read(no_text, start)),
            Some((name, is_tagged_merge)) if is_tagged_merge || name == "<<" => {
                let text = "a key `<<` that has quotes, a tag or an anchor, or is an alias, merges for some readers and \
                            not for others: write a plain `<<`, or another key";
                Err(two_ways(self.places.line(start), text))
            }
            Some((name, _)) => Ok(Key::Name(name)),
        }
    }

    /// What a scalar stands for. A tag has to fit it.
    fn meaning(&mut self, scalar: &Scalar, start: usize) -> Result<Meaning, Unreadable> {
        let problem = match scalar.tag.as_deref() {
            None if scalar.is_plain => return Ok(scalar::resolve(&scalar.text)),
            None => return Ok(Meaning::Text),
            Some(scalar::BINARY_TAG) => match binary(&scalar.text) {
                Some(text) => return Ok(Meaning::Value(Value::from(text))),
                None => "!!binary that is not base64",
            },
            Some(tag) => match scalar::resolve_as(tag, &scalar.text) {
                Some(meaning) => return Ok(meaning),
                None => "a tag that does not fit what it stands before",
            },
        };
        Err(self.cannot_be_read(problem, start))
    }

    fn scalar(
        &mut self,
        meaning: Meaning,
        text: String,
        start: usize,
    ) -> Result<Value, Unreadable> {
        match meaning {
            Meaning::Value(value) => Ok(value),
            Meaning::Float(float) => Ok(scalar::from_float(float)),
            Meaning::Text => Ok(Value::from(text)),
            Meaning::NotFinite(_) => {
                Err(self.cannot_be_read("a number that JSON cannot hold", start))
            }
        }
    }
}

/// Whether the tag of a node that starts at a byte is not ended by a space, as in `[!!str, a]`. Up to version 0.2.2 of
/// libyaml, and in go-yaml, the comma is a part of the tag.
fn has_loose_end(text: &str, start: usize) -> bool {
    let mut properties = text.get(start..).unwrap_or_default();
    // An anchor may stand before the tag.
    if properties.starts_with('&') {
        let behind = properties.split_once(char::is_whitespace);
        properties = behind.map_or("", |(_, behind)| behind.trim_start());
    }
    let is_end = |it: char| it.is_whitespace() || matches!(it, ',' | '[' | ']' | '{' | '}');
    let is_short_tag = properties.starts_with('!') && !properties.starts_with("!<");
    let end = properties.chars().find(|it| is_end(*it));
    is_short_tag && end.is_some_and(|end| !end.is_whitespace())
}

/// What `!!binary` stands for. As in kubectl's JSON, bytes that are no text are replaced.
fn binary(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The mappings that `<<` stands for. Of two with one field the first counts.
fn sources<M: Marks>(node: Node<M>) -> Option<Vec<Node<M>>> {
    let nodes = match node.value {
        Value::Array(values) => {
            let lines = node.lines.into_items(values.len());
            let nodes = values.into_iter().zip(lines);
            nodes.map(|(value, lines)| Node { value, lines }).collect()
        }
        value => vec![Node { value, ..node }],
    };
    nodes
        .iter()
        .all(|node: &Node<M>| node.value.is_object())
        .then_some(nodes)
}

/// Adds the fields that `<<` brings, and gives their names.
///
/// A field that stands above `<<` is set again by kubectl's reader, and kept by all others.
fn merge<M: Marks>(
    text: Text<'_>,
    fields: &mut Fields<M>,
    sources: Vec<Node<M>>,
    line: usize,
) -> Result<BTreeSet<Name>, Unreadable> {
    let mut names = BTreeSet::new();
    for source in sources {
        let Node {
            value: Value::Object(values),
            mut lines,
        } = source
        else {
            continue;
        };
        for (name, value) in values {
            if names.contains(&name) {
                continue;
            }
            let (mark, lines) = lines.take(&name);
            match fields.get(&name) {
                Some(known) if *known == value => {}
                Some(known) => {
                    let first = fields.line(&name);
                    let name = shown(text, &name, [known, &value]);
                    let name = name.unwrap_or_else(|| "a key".to_owned());
                    let text = format!(
                        "`<<` in line {line} stands below {name} in line {first} and sets it to something else: \
                         kubectl takes what `<<` brings, other readers what is written; put `<<` first"
                    );
                    return Err(two_ways(line, &text));
                }
                None => {
                    fields.insert(name.clone(), mark, Node { value, lines });
                    names.insert(name);
                }
            }
        }
    }
    Ok(names)
}

fn two_ways(line: usize, text: &str) -> Unreadable {
    Unreadable {
        line,
        text: format!("can be read in two ways: {text}"),
    }
}

/// A key that is there twice: most readers take the later one, others refuse it.
pub(super) fn given_twice(
    text: Text<'_>,
    name: &str,
    values: [&Value; 2],
    [first, line]: [usize; 2],
) -> Unreadable {
    let lines = if first == line {
        format!("in line {line}")
    } else {
        format!("in lines {first} and {line}")
    };
    let key = match shown(text, name, values) {
        Some(name) => format!("the key {name}"),
        None => "a key".to_owned(),
    };
    two_ways(
        line,
        &format!("{key} is there twice, {lines}: keep one of them"),
    )
}

/// The name of a field, where it can be told. One without a value may be a value itself.
fn shown(text: Text<'_>, name: &str, values: [&Value; 2]) -> Option<String> {
    let has_values = values.iter().all(|value| !value.is_null());
    (has_values && text.may_name_fields()).then(|| quoted(name))
}

/// The name of a field, in one line and not too long.
fn quoted(name: &str) -> String {
    const MAX_SHOWN: usize = 80;
    let mut shown: String = name.chars().take(MAX_SHOWN).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_one;

    fn error(text: &str) -> String {
        parse_one(text).unwrap_err().to_string()
    }

    #[test]
    fn what_readers_take_for_different_things_is_an_error() {
        let quoted = "a key `<<` that has quotes, a tag or an anchor, or is an alias, merges for some readers and not for \
                      others: write a plain `<<`, or another key";
        let loose = "a tag that ends at a comma or a bracket: some readers take that for a part of the tag; put a space \
                     behind the tag";
        let below = |line: usize, name: &str, first: usize| {
            format!(
                "`<<` in line {line} stands below {name:?} in line {first} and sets it to something else: kubectl takes \
                 what `<<` brings, other readers what is written; put `<<` first"
            )
        };
        let twice = |name: &str, lines: &str| {
            format!("the key {name:?} is there twice, {lines}: keep one of them")
        };
        for (text, line, problem) in [
            ("a: 1\nb: {a: 1}\na: 2\n", 3, twice("a", "in lines 1 and 3")),
            ("x: {a: 1, a: 1}\n", 1, twice("a", "in line 1")),
            ("yes: 1\ntrue: 2\n", 2, twice("true", "in lines 1 and 2")),
            ("1: a\n'1': b\n", 2, twice("1", "in lines 1 and 2")),
            ("{\"a\": 1,\n\"a\": 2}", 2, twice("a", "in lines 1 and 2")),
            (
                "a: x\na:\n",
                2,
                "a key is there twice, in lines 1 and 2: keep one of them".to_owned(),
            ),
            ("a: &k b\nb: 1\n*k : 2\n", 3, twice("b", "in lines 2 and 3")),
            ("a: 1\n<<: {a: 2}\n", 2, below(2, "a", 1)),
            (
                "c: &c {b: 1, a: 2}\nd:\n  a: 1\n  <<: [{b: 3}, *c]\n",
                4,
                below(4, "a", 3),
            ),
            (
                "<<: {a: 1}\n<<: {b: 1}\n",
                2,
                "`<<` is there twice, in lines 1 and 2: write one, such as `<<: [*a, *b]`"
                    .to_owned(),
            ),
            ("'<<': {a: 1}\n", 1, quoted.to_owned()),
            ("x:\n  \"<<\": {a: 1}\n", 2, quoted.to_owned()),
            ("! '<<': {a: 1}\n", 1, quoted.to_owned()),
            ("!!merge <<: {a: 1}\n", 1, quoted.to_owned()),
            ("!!merge x: {a: 1}\n", 1, quoted.to_owned()),
            ("&m <<: {a: 1}\n", 1, quoted.to_owned()),
            ("a: &m <<\n*m : {a: 1}\n", 2, quoted.to_owned()),
            ("a: [!!str, b]\n", 1, loose.to_owned()),
            ("a: [&x !!str, b]\n", 1, loose.to_owned()),
        ] {
            let expected = format!("line {line}: can be read in two ways: {problem}");
            assert_eq!(error(text), expected, "{text}");
        }
    }

    #[test]
    fn a_merge_that_all_read_alike_is_read() {
        for (text, expected) in [
            ("<<: {a: 1}\na: 2\n", r#"{"a":2}"#),
            ("a: 2\n<<: {a: 2, b: 3}\n", r#"{"a":2,"b":3}"#),
            (
                "<<: [{a: 1, b: 1}, {a: 2, c: 2}]\n",
                r#"{"a":1,"b":1,"c":2}"#,
            ),
            (
                "p: &p {a: 1}\nq: &q {<<: *p, b: 2}\nr: {<<: *q}\n",
                r#"{"p":{"a":1},"q":{"a":1,"b":2},"r":{"a":1,"b":2}}"#,
            ),
            (
                "a: [!<tag:yaml.org,2002:str> 1, ! 2]\n",
                r#"{"a":["1","2"]}"#,
            ),
            ("a: <<\nb: '<<'\n", r#"{"a":"<<","b":"<<"}"#),
        ] {
            assert_eq!(parse_one(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn each_break_of_yaml_ends_a_line_and_a_comment() {
        for mark in ["\u{85}", "\u{2028}", "\u{2029}", "\r"] {
            let text = format!("a: 1\n# c{mark}b: 2\nc: 3\nd: [\n");
            assert_eq!(
                error(&text),
                "line 4: cannot be read: what starts here has no end (column 4)"
            );
            let value = parse_one(&text.replace("[\n", "4\n")).unwrap();
            assert_eq!(
                value,
                tree::json!({"a": 1, "b": 2, "c": 3, "d": 4}),
                "{mark:?}"
            );
        }
    }

    #[test]
    fn what_is_too_deep_is_an_error_also_by_aliases() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let too_deep = "line 1: cannot be read: too large, too deep, or with too many aliases";
        assert!(parse_one(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(error(&deep(MAX_DEPTH + 1)), too_deep);
        assert_eq!(error(&format!("{{\"a\": {}}}", deep(MAX_DEPTH))), too_deep);
        let nested = |levels: usize| {
            let mut text = "a0: &a0 [x]\n".to_owned();
            for level in 1..levels {
                text.extend([format!("a{level}: &a{level} [*a{}]\n", level - 1)]);
            }
            text
        };
        assert!(parse_one(&nested(MAX_DEPTH - 2)).is_ok());
        assert!(error(&nested(MAX_DEPTH)).ends_with(too_deep.trim_start_matches("line 1: ")));
        // An anchor keeps a copy, with or without an alias.
        let anchored = |levels: usize| {
            let open: Vec<String> = (0..levels).map(|level| format!("[&a{level} ")).collect();
            let open = open.concat();
            let close = "]".repeat(levels);
            format!("{open}[{}]{close}", "x, ".repeat(MAX_COPIED / 100))
        };
        assert!(parse_one(&anchored(90)).is_ok());
        assert_eq!(error(&anchored(110)), too_deep);
        assert_eq!(
            error("a: &a [*a]\n"),
            "line 1: cannot be read: an alias within its own anchor (column 8)"
        );
        assert_eq!(
            error("a: *b\n"),
            "line 1: cannot be read: an alias to an unknown anchor (column 4)"
        );
    }
}
