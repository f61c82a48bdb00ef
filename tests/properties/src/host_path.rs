//! Every spelling of a path of the node is read as the same path.

use hostpath_mounts::catalogue::{RISKS, Risk};
use hostpath_mounts::host_path::{HostPath, Relation};

use crate::choices::Choices;
use crate::{Outcome, ensure};

/// The bytes are a path. How it is spelled another time is chosen from the same bytes.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let text = &String::from_utf8_lossy(bytes);
    let path = HostPath::parse(text);
    let written = path.as_str();
    ensure(
        written.starts_with('/') && (written == "/" || !written.ends_with('/')),
        || format!("{text:?} is {written:?}"),
    )?;
    ensure(!path.may_lead_anywhere() || written == "/", || {
        format!("{text:?} may lead anywhere, and is {written:?}")
    })?;
    if !path.is_windows() {
        let again = HostPath::parse(written);
        ensure(again.as_str() == written, || {
            format!("{text:?} is {written:?}, and that is {again}")
        })?;
        is_the_same(text, &respelled(text, &mut Choices::new(bytes)))?;
    } else if has_drive(text) {
        is_the_same(text, &text.replace('\\', "/"))?;
        is_the_same(text, &text.replace('/', "\\"))?;
        is_the_same(text, &text.to_ascii_uppercase())?;
        is_the_same(text, &format!("{text}\\"))?;
    }
    for (place, _) in text.match_indices('/') {
        let (one, other) = text.split_at(place);
        is_joined(one, other)?;
        is_mirrored(&HostPath::parse(one), &HostPath::parse(other))?;
    }
    Ok(())
}

/// Another spelling of a Unix path: `//` and `/./` for `/`, and something behind it. What starts with `//` is left as it
/// is: with a little more it is a path of Windows.
pub(crate) fn respelled(text: &str, choices: &mut Choices<'_>) -> String {
    if text.starts_with("//") {
        return text.to_owned();
    }
    let mut other = String::with_capacity(text.len() * 2);
    for (place, character) in text.char_indices() {
        // At the start, `//./` and `//?/` would make it a path of Windows.
        let separator = match (character, place) {
            ('/', 1..) => choices.pick(&["/", "//", "/./", "/.//./"]),
            ('/', 0) => choices.pick(&["/", "/", "/./"]),
            _ => {
                other.push(character);
                continue;
            }
        };
        // What follows may complete one as well.
        let next = text.as_bytes().get(place + 1).copied();
        let is_safe = place > 1 || !matches!(next, Some(b'.' | b'?' | b'/'));
        other.push_str(if is_safe { separator } else { "/" });
    }
    if text.len() > 2 && text.starts_with('/') {
        other.push_str(choices.pick(&["", "/", "/.", "//"]));
    }
    other
}

/// Two spellings lead to the same place.
fn is_the_same(one: &str, other: &str) -> Outcome {
    let (path, again) = (HostPath::parse(one), HostPath::parse(other));
    let told = |path: &HostPath| (path.has_backsteps(), path.may_lead_anywhere());
    let relations = |path: &HostPath| -> Vec<Option<Relation>> {
        let relation = |risk: &Risk| path.relation_to(risk.path);
        RISKS.iter().map(relation).collect()
    };
    ensure(
        path.as_str() == again.as_str()
            && told(&path) == told(&again)
            && relations(&path) == relations(&again),
        || format!("{one:?} is {path:?}, and {other:?} is {again:?}"),
    )
}

/// A path in a path is what both are in one piece. What leads anywhere, or is of Windows, is more than its components.
fn is_joined(one: &str, other: &str) -> Outcome {
    let whole = HostPath::parse(&format!("{one}/{other}"));
    let base = HostPath::parse(one);
    if whole.is_windows() || base.is_windows() || HostPath::parse(other).is_windows() {
        return Ok(());
    }
    let joined = base.join(other);
    let told = |path: &HostPath| (path.has_backsteps(), path.may_lead_anywhere());
    ensure(
        told(&joined) == told(&whole)
            && (base.may_lead_anywhere() || joined.as_str() == whole.as_str()),
        || format!("{one:?} and {other:?} are {joined:?}, in one piece {whole:?}"),
    )
}

/// How one path lies to the other is how that lies to the first, the other way round. A `*` and a `<pid>` stand for more
/// than themselves.
fn is_mirrored(one: &HostPath, other: &HostPath) -> Outcome {
    let is_pattern = |path: &HostPath| path.as_str().contains(['*', '<']);
    if is_pattern(one) || is_pattern(other) {
        return Ok(());
    }
    let mirrored = match other.relation(one) {
        Some(Relation::Above) => Some(Relation::Below),
        Some(Relation::Below) => Some(Relation::Above),
        same => same,
    };
    let relation = one.relation(other);
    ensure(relation == mirrored, || {
        format!("{one} to {other}: {relation:?}, and back: {mirrored:?}")
    })
}

fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}
