//! JSON, and where each field is.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use tree::Value;

use super::{
    Unreadable,
    lines::{Lines, Mark, Marks},
    node::{Fields, Items, Node},
    place::{Places, Text},
    scalar,
    yaml::{MAX_DEPTH, given_twice},
};

/// Reads a text that is one JSON value. `None` where it is anything else.
///
/// A key that is there twice, and what is too deep, are errors: the rest of the text is JSON.
pub(super) fn read<M: Marks>(text: Text<'_>) -> Option<Result<(Node<M>, Mark), Unreadable>> {
    let raw: &RawValue = serde_json::from_str(text.text).ok()?;
    let mut reader = Reader {
        text,
        places: Places::in_text(text),
        marks: PhantomData,
    };
    let mark = reader.mark::<Lines>(raw);
    Some(reader.node(raw, 1).map(|node| (node, mark)))
}

struct Reader<'a, M> {
    /// All values are parts of it.
    text: Text<'a>,
    places: Places<'a>,
    marks: PhantomData<M>,
}

impl<'a, M: Marks> Reader<'a, M> {
    fn mark<K: Marks>(&mut self, raw: &RawValue) -> Mark {
        let start = raw.get().as_ptr() as usize - self.text.text.as_ptr() as usize;
        self.places.mark::<K>(start, start + raw.get().len())
    }

    /// What is wrong with a part of what was read as a whole: that reading neither puts escapes together nor looks how large
    /// numbers are.
    fn malformed(&mut self, raw: &RawValue) -> Unreadable {
        let Mark { line, .. } = self.mark::<Lines>(raw);
        let text = match raw.get().as_bytes().first() {
            Some(b'"' | b'{' | b'[') => {
                "cannot be read: an escape such as \\ud800 is half of a character, which some readers replace: write all of it"
            }
            _ => "cannot be read: a number that JSON cannot hold",
        };
        Unreadable {
            line,
            text: text.to_owned(),
        }
    }

    fn node(&mut self, raw: &'a RawValue, depth: usize) -> Result<Node<M>, Unreadable> {
        if depth > MAX_DEPTH {
            let Mark { line, .. } = self.mark::<M>(raw);
            return Err(Unreadable::too_deep(line));
        }
        let mut json = serde_json::Deserializer::from_str(raw.get());
        let parts = match raw.get().as_bytes().first() {
            Some(b'{') => json.deserialize_map(PartsVisitor),
            Some(b'[') => json.deserialize_seq(PartsVisitor),
            _ => match scalar(raw) {
                Some(value) => return Ok(value.into()),
                None => return Err(self.malformed(raw)),
            },
        };
        match parts.map_err(|_| self.malformed(raw))? {
            Parts::Items(parts) => {
                let mut items = Items::default();
                for item in parts {
                    let mark = self.mark::<M>(item);
                    items.push(mark, self.node(item, depth + 1)?);
                }
                Ok(items.into_node())
            }
            Parts::Fields(parts) => {
                let mut fields = Fields::default();
                for (key, value) in parts {
                    let mark = self.mark::<M>(value);
                    let value = self.node(value, depth + 1)?;
                    if let Some(known) = fields.get(&key) {
                        let values = [known, &value.value];
                        let lines = [fields.line(&key), mark.line];
                        return Err(given_twice(self.text, &key, values, lines));
                    }
                    fields.insert(key, mark, value);
                }
                Ok(fields.into_node())
            }
        }
    }
}

/// A number is what kubectl makes of it, which sends `1.0` as 1. `None` where it cannot be read.
fn scalar(raw: &RawValue) -> Option<Value> {
    let value: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
    Some(match value.as_f64() {
        Some(float) if value.is_f64() => scalar::from_float(float),
        _ => value.into(),
    })
}

/// The parts of a value, as they are written.
enum Parts<'a> {
    Items(Vec<&'a RawValue>),
    Fields(Vec<(String, &'a RawValue)>),
}

struct PartsVisitor;

impl<'a> Visitor<'a> for PartsVisitor {
    type Value = Parts<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut sequence: A) -> Result<Parts<'a>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Parts::Items(items))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Parts<'a>, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Parts::Fields(fields))
    }
}
