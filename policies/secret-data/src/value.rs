//! A decoded value, and what kind of text it is.

use std::fmt;

use shared::{Level, Rule, Verdict};

use crate::text::{peel, starts_with_any};
use crate::views::Entry;

/// A decoded value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'v> {
    pub(crate) entry: &'v Entry<'v>,
    pub(crate) bytes: &'v [u8],
    /// The value as text; none where it is not UTF-8.
    pub(crate) text: Option<&'v str>,
    /// The only line of the value, without what is not seen around it; none where there are more, or no text.
    pub(crate) line: Option<&'v str>,
    before: &'v str,
    after: &'v str,
}

impl<'v> Value<'v> {
    /// A value that was written as `entry`.
    pub(crate) fn new(entry: &'v Entry<'v>, bytes: &'v [u8]) -> Self {
        let text = std::str::from_utf8(bytes).ok();
        let (before, line, after) = peel(text.unwrap_or_default());
        let is_line = text.is_some() && !line.as_bytes().contains(&b'\n');
        Self {
            entry,
            bytes,
            text,
            line: is_line.then_some(line),
            before,
            after,
        }
    }

    /// What is not seen in front of and behind the only line of a value that is not a file; nothing where nothing else
    /// is in it.
    pub(crate) fn around(&self) -> Option<(&'v str, &'v str)> {
        let is_text = self.line.is_some_and(|line| !line.is_empty());
        let is_bare = self.before.is_empty() && self.after.is_empty();
        (is_text && !is_bare && !self.is_file()).then_some((self.before, self.after))
    }

    /// Whether the value is the content of a file, where a final line break is usual: by the name of its key (`.netrc`,
    /// `app.conf`), or by how it starts.
    pub(crate) fn is_file(&self) -> bool {
        /// Files without an extension: of programs that read them by this name, and what charts and operators call one.
        const FILES: &str = "acl allowed_signers auth authorized_keys boto cloud cloud-init crontab env \
            git-credentials group hosts htpasswd identity license motd netrc npmrc passwd \
            pgpass pypirc rules service_tokens settings shadow ssh-publickey userdata users \
            users_roles values yarnrc";
        /// How others end: `kubeconfig`, `aws-credentials`.
        const ENDS: &str = "config credentials file known_hosts known-hosts script";
        let key = self.entry.key;
        let start = self.text.unwrap_or_default();
        key.as_bytes().contains(&b'.')
            || key.starts_with("id_")
            || FILES.split(' ').any(|file| key.eq_ignore_ascii_case(file))
            || ENDS.split(' ').any(|end| ends_in(key, end))
            || starts_with_any(start, b"{[#<")
            || ["-----", "ssh-", "ecdsa-"]
                .iter()
                .any(|mark| start.starts_with(mark))
    }

    /// Reports a finding about this value, in words that are there already.
    pub(crate) fn tell(
        &self,
        rule: &'static Rule,
        level: Level,
        reason: &str,
        verdict: &mut Verdict,
    ) {
        self.entry.tell(rule, level, reason, rule.fix, verdict);
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

/// Whether a key ends in a word, in any case.
pub(crate) fn ends_in(key: &str, word: &str) -> bool {
    let start = key.len().checked_sub(word.len());
    let end = start.and_then(|start| key.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(word))
}
