//! The names in certificates.
//!
//! Read with the crate that rustls reads them with, for pulling policies brings it anyway. The reader in `secret-data` is
//! made for a small module, and knows keys and times alone.

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tree::Value;
use webpki::EndEntityCert;

use crate::derived::{COMMON_NAME, DNS_NAMES};

/// The names of hosts that the certificate in a Secret is for; none where that is not known.
pub(super) fn names(secret: &Value) -> Option<Vec<String>> {
    of_data(secret).or_else(|| asked_for(secret))
}

/// The names in `tls.crt`. Of several certificates the first is that of the server, the others sign it.
fn of_data(secret: &Value) -> Option<Vec<String>> {
    let data = secret.get("data")?.get("tls.crt")?.as_str()?;
    // The API server skips the line breaks that manifests have in it.
    let data: String = data.split(['\r', '\n']).collect();
    of_pem(&BASE64_STANDARD.decode(data).ok()?)
}

fn of_pem(pem: &[u8]) -> Option<Vec<String>> {
    let der = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    match EndEntityCert::try_from(&der) {
        Ok(certificate) => Some(certificate.valid_dns_names().map(str::to_owned).collect()),
        // Only version 3 has a place for them.
        Err(webpki::Error::UnsupportedCertVersion) => Some(Vec::new()),
        Err(_) => None,
    }
}

/// What cert-manager is asked for. Where the names are yet to be filled in, they are not known. Some issuers add the common
/// name to the others, so that it counts here.
fn asked_for(secret: &Value) -> Option<Vec<String>> {
    let annotations = secret.pointer("/metadata/annotations")?;
    let annotation = |name: &str| annotations.get(name)?.as_str();
    let names = annotation(DNS_NAMES)?
        .split(',')
        .chain(annotation(COMMON_NAME));
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let is_known = !names.is_empty() && names.iter().all(|name| is_host(name));
    is_known.then(|| names.into_iter().map(str::to_owned).collect())
}

/// Whether a text may be a host, or a wildcard, rather than something that is yet to be filled in.
pub(super) fn is_host(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    !text.is_empty() && text.bytes().all(is_legal)
}

/// Whether a name of a certificate covers a host. A wildcard stands for one label, and only a wildcard covers a wildcard.
pub(super) fn covers(name: &str, host: &str) -> bool {
    let is_below = || {
        let (_, above) = host.split_once('.')?;
        Some(name.strip_prefix("*.")?.eq_ignore_ascii_case(above))
    };
    name.eq_ignore_ascii_case(host) || is_below().unwrap_or_default()
}

/// Names of certificates, of which there may be very many.
#[derive(Debug, Default)]
pub(super) struct HostNames(HashSet<String>);

impl<'a> FromIterator<&'a str> for HostNames {
    fn from_iter<T: IntoIterator<Item = &'a str>>(names: T) -> Self {
        Self(names.into_iter().map(str::to_ascii_lowercase).collect())
    }
}

impl HostNames {
    /// Whether one of them covers a host, as [`covers`] says.
    pub(super) fn cover(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let wildcard = host.split_once('.').map(|(_, above)| format!("*.{above}"));
        self.0.contains(&host) || wildcard.is_some_and(|wildcard| self.0.contains(&wildcard))
    }
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    const NAMES: &str = include_str!("testing/names.pem");

    #[test]
    fn the_first_certificate_says_for_whom_it_is() {
        let other = include_str!("testing/address.pem");
        let broken = NAMES.replacen("MII", "MIJ", 1);
        let both = Some(vec!["www.example.com", "*.Shop.example.com"]);
        for (pem, expected) in [
            (NAMES.to_owned(), both.clone()),
            (format!("a comment\r\n{NAMES}"), both.clone()),
            (format!("{NAMES}{other}"), both.clone()),
            // A certificate with other names, or with none.
            (format!("{other}{NAMES}"), Some(vec![])),
            (
                include_str!("testing/common_name.pem").to_owned(),
                Some(vec![]),
            ),
            (
                include_str!("testing/version_1.pem").to_owned(),
                Some(vec![]),
            ),
            (broken, None),
            (NAMES.replace("CERTIFICATE", "PUBLIC KEY"), None),
            (NAMES.replace("END", "end"), None),
            ("changeme".to_owned(), None),
            (String::new(), None),
        ] {
            let encoded = BASE64_STANDARD.encode(&pem);
            let (start, end) = encoded.split_at(encoded.len() / 2);
            let secret = json!({"data": {"tls.crt": format!("{start}\n{end}\r\n")}});
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(names(&secret), expected, "{pem}");
        }
        for secret in [
            json!({}),
            json!({"data": {"tls.crt": "ENC[AES256_GCM,data:AAAA]"}}),
            json!({"data": {"tls.crt": 1}}),
            json!({"data": {"cert": BASE64_STANDARD.encode(NAMES)}}),
        ] {
            assert_eq!(names(&secret), None, "{secret}");
        }
    }

    #[test]
    fn what_is_asked_for_counts_where_nothing_is_issued() {
        let secret = |annotations: &Value, data: &str| json!({"metadata": {"annotations": annotations}, "data": {"tls.crt": BASE64_STANDARD.encode(data)}});
        for (annotations, expected) in [
            (
                json!({DNS_NAMES: "a.example.com,*.b.example.com", COMMON_NAME: "c.example.com"}),
                Some(vec!["a.example.com", "*.b.example.com", "c.example.com"]),
            ),
            (
                json!({DNS_NAMES: "", COMMON_NAME: "c.example.com"}),
                Some(vec!["c.example.com"]),
            ),
            (json!({DNS_NAMES: "", COMMON_NAME: ""}), None),
            (json!({DNS_NAMES: "a.example.com,b.${DOMAIN}"}), None),
            (json!({DNS_NAMES: "{{ .Values.host }}"}), None),
            (json!({}), None),
        ] {
            let secret = secret(&annotations, "");
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(names(&secret), expected, "{annotations}");
        }
        let issued = secret(&json!({DNS_NAMES: "a.example.com"}), NAMES);
        assert_eq!(names(&issued).unwrap()[0], "www.example.com");
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        for (name, host, expected) in [
            ("a.example.com", "a.example.com", true),
            ("A.example.com", "a.Example.com", true),
            ("a.example.com", "b.example.com", false),
            ("example.com", "a.example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.Example.com", "a.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "*.example.com", true),
            ("*.example.com", "*.b.example.com", false),
            ("a.example.com", "*.example.com", false),
            ("*", "example", false),
            ("*.com", "com", false),
        ] {
            assert_eq!(covers(name, host), expected, "{name} {host}");
            let names: HostNames = ["a.example", name].into_iter().collect();
            assert_eq!(names.cover(host), expected, "{name} {host}");
        }
    }
}
