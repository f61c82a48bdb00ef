//! The fields that this policy reads.

use std::borrow::Cow;
use std::fmt;

use shared::index::{Index, hash};
use shared::{
    Cursor, DecodeError, FieldNames, FieldPath, Finding, Level, Request, Rule, Verdict, shown_key,
};

/// Where client-side `kubectl apply` keeps what it was given.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const SERVICE_ACCOUNT: &str = "kubernetes.io/service-account.name";

/// The fields that are read.
static FIELDS: FieldNames = FieldNames::of(&[&[
    "type",
    "annotations",
    LAST_APPLIED,
    SERVICE_ACCOUNT,
    "immutable",
    "creationTimestamp",
    "managedFields",
    "time",
]]);

/// Whether this module reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    FIELDS.has(field)
}

/// Whether everything in a field of this name is read.
pub(crate) fn wants_whole(field: &str) -> bool {
    matches!(field, "data" | "stringData" | "binaryData")
}

/// A Secret or a `ConfigMap`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Object<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    /// The type of a Secret; none for a `ConfigMap`.
    pub(crate) secret_type: Option<&'a str>,
    /// Every value that counts, in the order of the object.
    pub(crate) entries: Vec<Entry<'a>>,
    /// Values of `data` that `stringData` replaces.
    pub(crate) replaced: Vec<Entry<'a>>,
    /// Whether its data cannot be changed.
    pub(crate) is_immutable: bool,
    /// The annotation of `kubectl apply`.
    pub(crate) last_applied: &'a str,
    /// The annotation that names the service account of a token.
    pub(crate) service_account: &'a str,
    /// Whether the API server has seen it: it notes who wrote each field.
    pub(crate) is_stored: bool,
    /// The last time at which the API server is known to have written what was submitted, `2026-01-31T12:00:00Z`; empty
    /// when there is none.
    pub(crate) written_at: &'a str,
}

/// A value as it is written in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// The map that it is in: `data`.
    pub(crate) field: &'static str,
    pub(crate) key: &'a str,
    pub(crate) written: &'a str,
    /// Whether it is written in base64.
    pub(crate) is_encoded: bool,
}

impl<'a> Object<'a> {
    /// Reads a Secret of a request. Where it has no type, it is of `default_type`.
    pub(crate) fn secret(
        request: &Request<'a>,
        object: &Cursor<'a>,
        default_type: &'a str,
    ) -> Result<Self, DecodeError> {
        let secret_type = match object.text("type")? {
            "" => default_type,
            name => name,
        };
        let clear = object.map("stringData", Cursor::texts)?.unwrap_or_default();
        let mut entries = entries(object, "data", true)?;
        let mut replaced = Vec::new();
        // Source: `Convert_v1_Secret_To_core_Secret` in `pkg/apis/core/v1/conversion.go`.
        let index = Index::of(&mut clear.iter().map(|(key, _)| *key));
        entries.retain(|entry| {
            let mut places = index.places(hash(0, entry.key));
            let is_replaced =
                places.any(|place| clear.get(place).is_some_and(|(key, _)| *key == entry.key));
            if is_replaced {
                replaced.push(*entry);
            }
            !is_replaced
        });
        entries.extend(clear.into_iter().map(|(key, written)| Entry {
            field: "stringData",
            key,
            written,
            is_encoded: false,
        }));
        let secret = Self::read(request, object, Some(secret_type), entries)?;
        Ok(Self { replaced, ..secret })
    }

    /// Reads a `ConfigMap` of a request.
    pub(crate) fn config_map(
        request: &Request<'a>,
        object: &Cursor<'a>,
    ) -> Result<Self, DecodeError> {
        let mut all = entries(object, "data", false)?;
        all.extend(entries(object, "binaryData", true)?);
        Self::read(request, object, None, all)
    }

    fn read(
        request: &Request<'a>,
        object: &Cursor<'a>,
        secret_type: Option<&'a str>,
        entries: Vec<Entry<'a>>,
    ) -> Result<Self, DecodeError> {
        let annotations = object.at("metadata.annotations", |annotations| {
            let last_applied = annotations.text(LAST_APPLIED)?;
            Ok((last_applied, annotations.text(SERVICE_ACCOUNT)?))
        })?;
        let (last_applied, service_account) = annotations.unwrap_or_default();
        // An object that is stored is judged as of now: what has expired since is nothing new.
        let times = request.submitted().map("metadata", |metadata| {
            let times = metadata.list("managedFields", |entry| entry.text("time"))?;
            // All have one form, so that they are in order as texts.
            let created = metadata.text("creationTimestamp")?;
            let is_stored = !times.is_empty();
            Ok((times.into_iter().fold(created, Ord::max), is_stored))
        })?;
        let (written_at, is_stored) = times.unwrap_or_default();
        Ok(Self {
            name: request.object_name()?,
            namespace: request.object_namespace()?,
            secret_type,
            entries,
            replaced: Vec::new(),
            is_immutable: object.flag("immutable")?.unwrap_or_default(),
            last_applied,
            service_account,
            is_stored,
            written_at,
        })
    }

    /// The value of a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// The values of an object, decoded.
#[derive(Debug, Default)]
pub(crate) struct Values<'a>(Vec<(&'a Entry<'a>, Cow<'a, [u8]>)>);

impl<'a> Values<'a> {
    pub(crate) fn push(&mut self, entry: &'a Entry<'a>, value: Cow<'a, [u8]>) {
        self.0.push((entry, value));
    }

    /// The value of a key; none where there is no such key, or it cannot be decoded.
    pub(crate) fn get(&self, key: &str) -> Option<(&'a Entry<'a>, &[u8])> {
        let found = self.0.iter().find(|(entry, _)| entry.key == key);
        found.map(|(entry, value)| (*entry, value.as_ref()))
    }
}

impl Entry<'_> {
    /// Reports a finding about this value. On an UPDATE it is new when another key has it.
    // Inlined into each rule, it would be a tenth of the policy.
    #[inline(never)]
    pub(crate) fn report(
        &self,
        rule: &'static Rule,
        level: Level,
        reason: fmt::Arguments<'_>,
        fix: &'static str,
        verdict: &mut Verdict,
    ) {
        verdict.report(level, self.finding(rule, reason.to_string()).fix(fix));
    }

    /// The same in words that are there already.
    #[inline(never)]
    pub(crate) fn tell(
        &self,
        rule: &'static Rule,
        level: Level,
        reason: &str,
        fix: &'static str,
        verdict: &mut Verdict,
    ) {
        verdict.report(level, self.finding(rule, reason.to_owned()).fix(fix));
    }

    /// A finding about this value.
    pub(crate) fn finding(&self, rule: &'static Rule, reason: String) -> Finding {
        let map = FieldPath::new(self.field);
        let key = shown_key(self.key);
        Finding::new(rule, &map.key(&key), reason).concerning(vec![self.key.to_owned()])
    }
}

fn entries<'a>(
    object: &Cursor<'a>,
    field: &'static str,
    is_encoded: bool,
) -> Result<Vec<Entry<'a>>, DecodeError> {
    let texts = object.map(field, Cursor::texts)?.unwrap_or_default();
    let entry = |(key, written)| Entry {
        field,
        key,
        written,
        is_encoded,
    };
    Ok(texts.into_iter().map(entry).collect())
}
