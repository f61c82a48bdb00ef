//! YAML: read as preflight and kubectl do, written in the one format that expected answers have.

use std::fmt::Write;

use preflight::manifests;
use serde_json::Value;

/// Reads a text with one document.
pub fn read(text: &str) -> Result<Value, String> {
    manifests::parse_one(text)
        .map(Value::from)
        .map_err(|error| error.to_string())
}

/// A text as a YAML scalar. Our texts quote with `"`, so single quotes and blocks keep them readable.
///
/// `indent` is that of the parent; a block stands two deeper.
#[must_use]
pub fn scalar(text: &str, indent: usize) -> String {
    let ordinary = |character: char| character == '\n' || !character.is_control();
    let as_block = text.contains(['\n', '\''])
        && text.chars().all(ordinary)
        && !text.starts_with([' ', '\n'])
        && !text.ends_with('\n');
    if as_block {
        let mut block = "|-".to_owned();
        for line in text.split('\n') {
            block.push('\n');
            if !line.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(block, "{:indent$}  {line}", "");
            }
        }
        block
    } else if text.contains(|character: char| character.is_control() || character == '\'') {
        Value::from(text).to_string()
    } else {
        format!("'{text}'")
    }
}

/// A value in one line, which is JSON with spaces.
#[must_use]
pub fn flow(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), flow(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(flow).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_the_same() {
        for (text, written) in [
            ("", "''"),
            ("a: b # c", "'a: b # c'"),
            ("\"/\" is the node", "'\"/\" is the node'"),
            ("the node's", "|-\n    the node's"),
            ("two\n- \"lines\"", "|-\n    two\n    - \"lines\""),
            ("two\n\n  lines", "|-\n    two\n\n      lines"),
            (" first", "' first'"),
            ("\n' first", "\"\\n' first\""),
            ("tab\there", "\"tab\\there\""),
        ] {
            assert_eq!(scalar(text, 2), written);
            let read = read(&format!("a:\n  b: {written}\n")).unwrap();
            assert_eq!(read["a"]["b"], text);
        }
    }
}
