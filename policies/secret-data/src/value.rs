//! A decoded value, and what kind of text it is.

use std::fmt;

use shared::{Level, Rule, Verdict};

use crate::text::starts_with_any;
use crate::views::Entry;

/// A decoded value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'v> {
    pub(crate) entry: &'v Entry<'v>,
    pub(crate) bytes: &'v [u8],
    /// The value as text; none where it is not UTF-8.
    pub(crate) text: Option<&'v str>,
}

impl<'v> Value<'v> {
    /// A value that was written as `entry`.
    pub(crate) fn new(entry: &'v Entry<'v>, bytes: &'v [u8]) -> Self {
        let text = std::str::from_utf8(bytes).ok();
        Self { entry, bytes, text }
    }

    /// The only line of the value, without its end; none where there are more, or no text.
    pub(crate) fn line(&self) -> Option<&'v str> {
        let text = self.text?;
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        (!line.as_bytes().contains(&b'\n')).then_some(line)
    }

    /// Whether the value is the content of a file, where a final line break is usual: by the name of its key (`.netrc`,
    /// `app.conf`), or by how it starts.
    pub(crate) fn is_file(&self) -> bool {
        /// Files without an extension: of OpenSSH, of web servers, and of Elasticsearch.
        const FILES: &[&str] = &[
            "auth",
            "authorized_keys",
            "config",
            "credentials",
            "env",
            "htpasswd",
            "identity",
            "known_hosts",
            "kubeconfig",
            "script",
            "service_tokens",
            "ssh-publickey",
            "users",
            "users_roles",
        ];
        let key = self.entry.key;
        let start = self.text.unwrap_or_default();
        key.as_bytes().contains(&b'.')
            || key.starts_with("id_")
            || FILES.iter().any(|file| key.eq_ignore_ascii_case(file))
            || starts_with_any(start, b"{[#<")
            || ["-----", "ssh-", "ecdsa-"]
                .iter()
                .any(|mark| start.starts_with(mark))
    }

    /// Reports a finding about this value.
    pub(crate) fn report(
        &self,
        rule: &'static Rule,
        level: Level,
        reason: fmt::Arguments<'_>,
        verdict: &mut Verdict,
    ) {
        self.entry.report(rule, level, reason, rule.fix, verdict);
    }
}
