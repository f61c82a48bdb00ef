//! What can be told of a module before it is compiled.

use policy_metadata::{Metadata, SECTION};
use serde_json::Value;
use wapc::{HOST_NAMESPACE, wapc_functions::GUEST_CALL};
use wasmparser::{Parser, Payload};

use crate::engine::LoadError;

/// The first bytes of every module.
const MAGIC: &[u8] = b"\0asm";

/// Bytes in a page of memory.
const PAGE: u64 = 65_536;

/// The keys that a host needs. Published policies carry others as well, and those are none of our business.
const KEYS: [&str; 10] = [
    "protocolVersion",
    "rules",
    "annotations",
    "mutating",
    "backgroundAudit",
    "executionMode",
    "policyType",
    "contextAwareResources",
    "hostCapabilities",
    "minimumKubewardenVersion",
];

/// Looks through the sections, refuses what could not run, and gives the bytes of the metadata section.
pub(crate) fn inspect(wasm: &[u8], memory_limit: u64) -> Result<Option<&[u8]>, LoadError> {
    if !wasm.starts_with(MAGIC) {
        return Err(LoadError::NotWasm("it does not start like one".to_owned()));
    }
    let mut metadata = None;
    let mut callable = false;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(not_wasm)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(not_wasm)?;
                    if import.module != HOST_NAMESPACE {
                        let (module, name) = (import.module.to_owned(), import.name.to_owned());
                        return Err(LoadError::ForeignImport { module, name });
                    }
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let wanted = memory.map_err(not_wasm)?.initial.saturating_mul(PAGE);
                    if wanted > memory_limit {
                        return Err(LoadError::Memory {
                            wanted,
                            limit: memory_limit,
                        });
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    callable |= export.map_err(not_wasm)?.name == GUEST_CALL;
                }
            }
            Payload::CustomSection(section) if section.name() == SECTION => {
                metadata = Some(section.data());
            }
            _ => {}
        }
    }
    if callable {
        Ok(metadata)
    } else {
        Err(LoadError::NotAPolicy(GUEST_CALL))
    }
}

/// Reads the metadata section as tools of any age write it: unknown keys and nulls are passed over.
pub(crate) fn parse_metadata(section: &[u8]) -> Result<Metadata, LoadError> {
    let unreadable = |error: serde_json::Error| LoadError::Metadata(error.to_string());
    let mut metadata: Value = serde_json::from_slice(section).map_err(unreadable)?;
    if let Some(keys) = metadata.as_object_mut() {
        keys.retain(|key, value| KEYS.contains(&key.as_str()) && !value.is_null());
    }
    let metadata: Metadata = serde_json::from_value(metadata).map_err(unreadable)?;
    if metadata.execution_mode != "kubewarden-wapc" {
        return Err(LoadError::ExecutionMode(metadata.execution_mode));
    }
    Ok(metadata)
}

// By value for `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn not_wasm(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::NotWasm(error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_metadata_with_keys_of_other_times() {
        let section =
            br#"{"protocolVersion": "v1", "rules": [], "annotations": null, "mutating": false,
            "contextAware": false, "executionMode": "kubewarden-wapc"}"#;
        let metadata = parse_metadata(section).unwrap();
        assert!(metadata.annotations.is_empty());
        assert!(metadata.background_audit);
    }

    #[test]
    fn refuses_policies_of_other_runtimes() {
        let section = br#"{"rules": [], "mutating": false, "executionMode": "opa"}"#;
        assert_eq!(
            parse_metadata(section).unwrap_err().to_string(),
            r#"is made for the execution mode "opa", and only "kubewarden-wapc" runs here"#
        );
    }

    #[test]
    fn refuses_what_is_not_wasm() {
        assert!(matches!(
            inspect(b"#!/bin/sh", 0),
            Err(LoadError::NotWasm(_))
        ));
    }
}
