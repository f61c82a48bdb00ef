//! What every fuzz target does.

/// Ends the program where a property does not hold, so that the fuzzer keeps the bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(property: &str, bytes: &[u8]) {
    if let Err(wrong) = properties::holds(property, bytes) {
        panic!("{property} does not hold: {wrong}");
    }
}
