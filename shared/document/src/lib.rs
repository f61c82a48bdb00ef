//! JSON as policies read it: a tree of what is wanted, a place in it that knows the way, and what is wrong with it.
//!
//! Most of the time of an evaluation is spent here. So this is a package of its own, which is compiled for speed, and the
//! rest for size.

mod decode;
mod error;
mod field;
mod field_names;
pub mod json;
mod line;
mod quote;

pub use decode::{Cursor, IntOrString, shown_key};
pub use error::DecodeError;
pub use field::FieldPath;
pub use field_names::FieldNames;
pub use json::{Arena, Field, Json, Wanted};
pub use line::one_line;
pub use quote::{Quote, quote, written};
