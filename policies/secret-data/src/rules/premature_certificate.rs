//! A certificate that is not valid yet.

use shared::{Level, Rule, Verdict, rule};

use crate::views::Entry;
use crate::x509::Certificate;

pub(crate) static RULE: Rule = rule! {
    id: "premature_certificate",
    summary: "A `tls.crt` whose first certificate was not valid yet when the Secret was written",
    why: "Every client refuses the connection until then; the clock of the one who signed it may be wrong",
    fix: "wait until it is valid, or sign it again",
    levels: [Warn by "form.expiredCertificate"],
};

/// Compares the start of the certificate with the time at which the API server says that it wrote the object.
pub(crate) fn check(
    entry: &Entry<'_>,
    chain: &[Certificate<'_>],
    now: u64,
    level: Level,
    verdict: &mut Verdict,
) {
    // Two clocks are never quite the same.
    let is_early = |first: &Certificate<'_>| now > 0 && hours(first.not_before) > hours(now) + 1;
    if chain.first().is_some_and(is_early) {
        let reason =
            format_args!("is not valid yet: its start lies behind the time of this request");
        entry.report(&RULE, level, reason, RULE.fix, verdict);
    }
}

/// The hours of a time such as 20260131235959, as if all months had 31 days.
fn hours(time: u64) -> u64 {
    let part = |unit: u64| time / unit % 100;
    let months = time / 10_000_000_000 * 12 + part(100_000_000);
    (months * 31 + part(1_000_000)) * 24 + part(10_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::hours;
    use crate::testing::pem::{CHAIN, CHAIN_KEY};
    use crate::testing::{lines, secret};
    use crate::x509::Certificate;

    #[test]
    fn warns_before_its_start() {
        let [server, ..] = CHAIN;
        let (blocks, _) = crate::pem::scan(server);
        let start = Certificate::read(&blocks[0].content)
            .unwrap()
            .not_before
            .to_string();
        let year: i32 = start[..4].parse().unwrap();
        let of = |year: i32| {
            let mut object = secret(
                "kubernetes.io/tls",
                &[("tls.crt", server), ("tls.key", CHAIN_KEY)],
            );
            object["metadata"]["creationTimestamp"] = json!(format!(
                "{year}-{}-{}T00:00:00Z",
                &start[4..6],
                &start[6..8]
            ));
            lines(&object, &json!({}))
        };
        assert_eq!(of(year + 1), [""; 0]);
        assert_eq!(
            of(year - 1),
            [
                "warning: secret-data: data[\"tls.crt\"]: is not valid yet: its start lies behind the time of this \
                 request; fix: wait until it is valid, or sign it again [premature_certificate]"
            ]
        );
    }

    #[test]
    fn counts_hours() {
        for (time, later, difference) in [
            (20_260_131_115_959, 20_260_131_130_000, 2),
            (20_260_131_115_959, 20_260_131_120_000, 1),
            (20_260_131_235_959, 20_260_201_000_000, 1),
            (20_261_231_230_000, 20_270_101_000_000, 1),
            (20_260_131_115_959, 20_260_131_110_000, 0),
        ] {
            let (first, second) = (hours(time), hours(later));
            assert_eq!(second - first, difference, "{time} {later}");
        }
    }
}
