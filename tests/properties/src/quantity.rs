//! Quantities are read as the grammar of Kubernetes has them.

use shared::kubernetes::quantity::Quantity;
use shared::kubernetes::quantity::amount::Amount;

use crate::{Outcome, ensure};

const SUFFIXES: [&str; 15] = [
    "", "n", "u", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
];

/// A text is a quantity for us if it is one by the grammar, and nothing if it has no digit but 0.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let (read, expected) = (Quantity::parse(text), by_grammar(text));
    ensure(read == expected, || {
        format!("{text:?} is {read:?}, expected {expected:?}")
    })?;
    // How much it is says the same.
    let amount = Amount::parse(text);
    let as_quantity = amount.map(|amount| match amount {
        Amount::ZERO => Quantity::Zero,
        _ => Quantity::Something,
    });
    ensure(as_quantity == read, || format!("{text:?} is {amount:?}"))
}

/// Sign, digits, fraction, suffix: one after the other. Source of the grammar: the comment on `Quantity` in
/// `staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go`; its parser takes numbers without digits for 0.
fn by_grammar(text: &str) -> Option<Quantity> {
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    let exponent = |suffix: &str| {
        let number = suffix.strip_prefix(['+', '-']).unwrap_or(suffix);
        !number.is_empty() && digits(number).1.is_empty()
    };
    let is_suffix = SUFFIXES.contains(&suffix)
        || suffix == "E"
        || suffix.strip_prefix(['e', 'E']).is_some_and(exponent);
    let is_zero = (whole.bytes().chain(fraction.bytes())).all(|digit| digit == b'0');
    is_suffix.then_some(if is_zero {
        Quantity::Zero
    } else {
        Quantity::Something
    })
}

/// The digits that a text starts with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}
