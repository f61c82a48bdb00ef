//! The policies that are part of this binary.

/// A policy of this binary.
pub(crate) struct Embedded {
    /// The name of its file.
    pub(crate) file: &'static str,
    pub(crate) wasm: &'static [u8],
    /// `None` where it was not compiled before.
    pub(crate) code: Option<Code>,
}

/// What a module was compiled to when this binary was built. It is made here alone: compiled code runs unchecked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(&'static [u8]);

impl Code {
    #[cfg(test)]
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(bytes.leak())
    }

    pub(crate) fn bytes(self) -> &'static [u8] {
        self.0
    }
}

#[cfg(feature = "embedded")]
include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// Empty unless the feature `embedded` is on.
#[cfg(not(feature = "embedded"))]
pub(crate) const POLICIES: &[Embedded] = &[];
