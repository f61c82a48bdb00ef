//! The events of libyaml, as safe Rust: the only file that knows its pointers.
//!
//! kubectl reads YAML with version 2 of go-yaml, whose scanner and parser are a port of libyaml. So this is the library
//! that ends lines, keys and comments where kubectl does.
#![expect(
    unsafe_code,
    reason = "libyaml-rs has the interface of the C library that it was translated from"
)]

use std::{
    ffi::{CStr, c_char},
    marker::PhantomData,
    mem::MaybeUninit,
    slice,
};

use libyaml_rs as sys;

/// What the parser comes to next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) what: What,
    /// The byte of the text where it starts.
    pub(super) start: usize,
    /// The byte behind it. What is not written, such as the end of a block, has no length.
    pub(super) end: usize,
    /// Whether a tag stands before it.
    pub(super) has_tag: bool,
}

/// The kinds of events.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    /// A reference to what has this anchor.
    Alias(String),
    Scalar(Option<String>, Scalar),
    /// The start of a sequence, and its anchor.
    SequenceStart(Option<String>),
    SequenceEnd,
    /// The start of a mapping, and its anchor.
    MappingStart(Option<String>),
    MappingEnd,
}

/// A scalar as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    /// The whole tag, `tag:yaml.org,2002:str`, or `!`.
    pub(super) tag: Option<String>,
    /// Its text, without quotes and escapes.
    pub(super) text: String,
    /// Whether it has no quotes and is no block.
    pub(super) is_plain: bool,
}

/// Why there is no next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The words of libyaml, which never repeat a part of the text.
    pub(super) problem: &'static str,
    /// The byte of the text where it is.
    pub(super) at: usize,
    /// What was being read, in its words, and where that starts.
    pub(super) context: Option<(&'static str, usize)>,
}

/// Reads the events of a text.
pub(super) struct Events<'a> {
    /// In a box because libyaml keeps its address.
    parser: Box<MaybeUninit<sys::yaml_parser_t>>,
    has_failed: bool,
    text: PhantomData<&'a str>,
}

impl<'a> Events<'a> {
    /// Starts to read a text.
    pub(super) fn of(text: &'a str) -> Self {
        let mut parser = Box::new(MaybeUninit::uninit());
        // SAFETY: the parser is initialized before it is used, its address never changes, and it lives no longer than
        // the text, whose bytes it reads.
        let has_failed = unsafe {
            let parser = parser.as_mut_ptr();
            // It aborts where there is no memory left, as Rust does, and has no other way to fail.
            let has_failed = sys::yaml_parser_initialize(parser).fail;
            sys::yaml_parser_set_encoding(parser, sys::YAML_UTF8_ENCODING);
            sys::yaml_parser_set_input_string(parser, text.as_ptr(), text.len() as u64);
            has_failed
        };
        Self {
            parser,
            has_failed,
            text: PhantomData,
        }
    }

    /// The next event. Behind an error there is none.
    pub(super) fn next(&mut self) -> Result<Event, Malformed> {
        let mut event = MaybeUninit::uninit();
        // SAFETY: the parser was initialized by `of`. The event is set where the call succeeds, what is in it is copied,
        // and it is freed once.
        unsafe {
            let parser = self.parser.as_mut_ptr();
            if self.has_failed || sys::yaml_parser_parse(parser, event.as_mut_ptr()).fail {
                self.has_failed = true;
                return Err(malformed(&*parser));
            }
            let start = index(event.assume_init_ref().start_mark);
            let end = index(event.assume_init_ref().end_mark);
            let has_tag = has_tag(event.assume_init_ref());
            let what = what(event.assume_init_ref());
            sys::yaml_event_delete(event.as_mut_ptr());
            match what {
                Some(what) => Ok(Event {
                    what,
                    start,
                    end,
                    has_tag,
                }),
                None => self.next(),
            }
        }
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // SAFETY: it was initialized by `of`, and is not used any more.
        unsafe { sys::yaml_parser_delete(self.parser.as_mut_ptr()) }
    }
}

/// What is in an event. `None` for the start of the stream.
///
/// SAFETY: it has to be one that `yaml_parser_parse` has set, so that its type says which of its data there is.
unsafe fn what(event: &sys::yaml_event_t) -> Option<What> {
    let data = &event.data;
    // SAFETY: only the data of the type are read, and their pointers are null or those of C strings.
    unsafe {
        Some(match event.type_ {
            sys::YAML_DOCUMENT_START_EVENT => What::DocumentStart,
            sys::YAML_DOCUMENT_END_EVENT => What::DocumentEnd,
            // Behind the end of the stream there is nothing.
            sys::YAML_STREAM_END_EVENT | sys::YAML_NO_EVENT => What::StreamEnd,
            sys::YAML_ALIAS_EVENT => What::Alias(text(data.alias.anchor).unwrap_or_default()),
            sys::YAML_SCALAR_EVENT => {
                let scalar = &data.scalar;
                let length = usize::try_from(scalar.length).unwrap_or_default();
                let bytes = slice::from_raw_parts(scalar.value, length);
                What::Scalar(
                    text(scalar.anchor),
                    Scalar {
                        tag: text(scalar.tag),
                        text: String::from_utf8_lossy(bytes).into_owned(),
                        is_plain: scalar.style == sys::YAML_PLAIN_SCALAR_STYLE,
                    },
                )
            }
            sys::YAML_SEQUENCE_START_EVENT => What::SequenceStart(text(data.sequence_start.anchor)),
            sys::YAML_SEQUENCE_END_EVENT => What::SequenceEnd,
            sys::YAML_MAPPING_START_EVENT => What::MappingStart(text(data.mapping_start.anchor)),
            sys::YAML_MAPPING_END_EVENT => What::MappingEnd,
            _ => return None,
        })
    }
}

/// Whether an event has a tag.
///
/// SAFETY: as for [`what`].
unsafe fn has_tag(event: &sys::yaml_event_t) -> bool {
    let data = &event.data;
    // SAFETY: only the data of the type are read.
    let tag = unsafe {
        match event.type_ {
            sys::YAML_SCALAR_EVENT => data.scalar.tag,
            sys::YAML_SEQUENCE_START_EVENT => data.sequence_start.tag,
            sys::YAML_MAPPING_START_EVENT => data.mapping_start.tag,
            _ => return false,
        }
    };
    !tag.is_null()
}

/// The text of a C string, if there is one.
///
/// SAFETY: the pointer has to be null or that of a C string.
unsafe fn text(string: *const u8) -> Option<String> {
    if string.is_null() {
        return None;
    }
    // SAFETY: as above.
    let string = unsafe { CStr::from_ptr(string.cast::<c_char>()) };
    Some(string.to_string_lossy().into_owned())
}

fn malformed(parser: &sys::yaml_parser_t) -> Malformed {
    // SAFETY: libyaml sets both to null or to literals of its own.
    let (problem, context) = unsafe { (literal(parser.problem), literal(parser.context)) };
    let at = if parser.error == sys::YAML_READER_ERROR {
        usize::try_from(parser.problem_offset).unwrap_or_default()
    } else {
        index(parser.problem_mark)
    };
    Malformed {
        problem: problem.unwrap_or("neither YAML nor JSON"),
        at,
        context: context.map(|context| (context, index(parser.context_mark))),
    }
}

/// The text of a C string that is never freed, if there is one.
///
/// SAFETY: the pointer has to be null or that of a static C string.
unsafe fn literal(string: *const i8) -> Option<&'static str> {
    if string.is_null() {
        return None;
    }
    // SAFETY: as above.
    let string: &'static CStr = unsafe { CStr::from_ptr(string.cast::<c_char>()) };
    string.to_str().ok()
}

fn index(mark: sys::yaml_mark_t) -> usize {
    usize::try_from(mark.index).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<Event>, Malformed) {
        let mut events = Events::of(text);
        let mut read = Vec::new();
        loop {
            match events.next() {
                Ok(event) => read.push(event),
                Err(error) => return (read, error),
            }
        }
    }

    #[test]
    fn an_event_starts_at_a_byte() {
        let (events, _) = all("é: &a !!str [\n 'x', *a\n");
        let starts: Vec<usize> = events.iter().map(|event| event.start).collect();
        assert_eq!(starts, [0, 0, 0, 4, 16, 21], "{events:?}");
        let ends: Vec<usize> = events.iter().map(|event| event.end).collect();
        assert_eq!(ends, [0, 0, 2, 14, 19, 23], "{events:?}");
    }

    #[test]
    fn behind_an_error_there_is_nothing_but_the_error() {
        let mut events = Events::of("a: [\n");
        let mut last = None;
        for _ in 0..9 {
            last = Some(events.next());
        }
        let error = last.unwrap().unwrap_err();
        assert_eq!(events.next().unwrap_err(), error);
        assert_eq!(
            error,
            Malformed {
                problem: "did not find expected node content",
                at: 5,
                context: Some(("while parsing a flow node", 5)),
            }
        );
    }
}
