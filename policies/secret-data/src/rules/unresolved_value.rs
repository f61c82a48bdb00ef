//! A value that was never decrypted or filled in.

use shared::{Level, Rule, Verdict, rule};

use crate::text::{find, find_bytes, has, split};
use crate::value::{Value, ends_in};
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "unresolved_value",
    summary: "What SOPS, Ansible Vault, git-crypt or age encrypted, a pointer of Git LFS, or a reference such as `ref+…`, `op://…` and `<path:…#…>`",
    why: "A tool resolves it before it is applied, and nothing in the cluster does: the container receives it as it is",
    fix: "decrypt it or fill it in before it is applied",
    levels: [Deny by "encoding.unresolvedValue", Warn for "ConfigMaps"],
};

/// What is there, and what to do.
pub(crate) type Shape = (&'static str, &'static str);

const SOPS: Shape = (
    "is what SOPS encrypted",
    "apply what `sops decrypt` prints; where a tool such as Flux does that, check what it applies",
);
const EYAML: Shape = (
    "is what hiera-eyaml encrypted",
    "decrypt it before it is applied: eyaml decrypt",
);
const AGE: Shape = (
    "is what age encrypted",
    "decrypt it before it is applied: age --decrypt",
);
const REFERENCE: Shape = (
    "has a reference (ref+…)",
    "fill it in before it is applied: vals eval",
);
const PATH: Shape = (
    "has a reference (<path:…#…>)",
    "fill it in before it is applied: argocd-vault-plugin generate",
);
const ONE_PASSWORD: Shape = (
    "has a reference (op://…)",
    "fill it in before it is applied: op inject",
);

/// How values start that are something else from their first byte on.
const STARTS: &[(&str, Shape)] = &[
    (
        "$ANSIBLE_VAULT;",
        (
            "is what Ansible Vault encrypted",
            "decrypt it before it is applied: ansible-vault decrypt",
        ),
    ),
    (
        "\0GITCRYPT\0",
        (
            "is what git-crypt encrypted",
            "decrypt it before it is applied: git-crypt unlock",
        ),
    ),
    (
        "version https://git-lfs.github.com/spec/",
        (
            "is a pointer of Git LFS, not the file",
            "fetch the file before it is applied: git lfs pull",
        ),
    ),
    ("-----BEGIN AGE ENCRYPTED FILE-----", AGE),
    ("age-encryption.org/v", AGE),
    (
        "@Microsoft.KeyVault(",
        (
            "is a reference (@Microsoft.KeyVault)",
            "fill it in before it is applied, or use External Secrets",
        ),
    ),
];

/// How each value starts that SOPS encrypted. Source: `Encrypt` in `aes/cipher.go` of getsops/sops.
const SOPS_MARK: &str = "ENC[AES256_GCM,data:";

/// A file that SOPS encrypted has an encrypted value near its start. Nothing is looked for behind this many bytes.
const START: usize = 2048;

/// Finds what is left for a tool to do. Says whether it did.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) -> bool {
    if level == Level::Off {
        return false;
    }
    let Some(shape) = shape(value) else {
        return false;
    };
    report(value.entry, shape, level, verdict);
    true
}

/// Reports what is in a value.
pub(crate) fn report(entry: &Entry<'_>, (what, fix): Shape, level: Level, verdict: &mut Verdict) {
    let reason = format_args!("{what}: nothing in the cluster resolves it");
    entry.report(&RULE, level, reason, fix, verdict);
}

/// What a value is, where a tool was to resolve it.
pub(crate) fn shape(value: &Value<'_>) -> Option<Shape> {
    let start = value.bytes.trim_ascii_start();
    let is_meant = ends_in(value.entry.key, ".age");
    let starts = |(mark, shape): &&(&str, Shape)| {
        start.starts_with(mark.as_bytes()) && !(is_meant && *shape == AGE)
    };
    if let Some((_, shape)) = STARTS.iter().find(starts) {
        return Some(*shape);
    }
    value.text?;
    let near = value.bytes.get(..START).unwrap_or(value.bytes);
    if find_bytes(near, SOPS_MARK.as_bytes()).is_some() {
        return Some(SOPS);
    }
    value.line.and_then(in_line)
}

/// What a text of one line has in it.
pub(crate) fn in_line(line: &str) -> Option<Shape> {
    if line.len() > START {
        return None;
    }
    // Another `ENC[…]` may be a handle of the Datadog Agent, which resolves it in its container.
    if line.ends_with(']') {
        if line.starts_with("ENC[PKCS7,") {
            return Some(EYAML);
        }
        if line.starts_with(SOPS_MARK) {
            return Some(SOPS);
        }
    }
    if !line.as_bytes().contains(&b':') {
        return None;
    }
    // `ref+…` and `secretref+…`, but not the end of another word.
    let reference = split(line, "ref+").filter(|(before, _)| {
        before.ends_with("secret") || !before.ends_with(|last: char| last.is_ascii_alphanumeric())
    });
    let reference = reference.and_then(|(_, behind)| split(behind, "://"));
    let is_scheme = |(scheme, _): (&str, &str)| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if reference.is_some_and(is_scheme) {
        return Some(REFERENCE);
    }
    let path = split(line, "<path:").and_then(|(_, behind)| split(behind, ">"));
    if path.is_some_and(|(path, _)| has(path, "#")) {
        return Some(PATH);
    }
    // `op://vault/item/field`, but not the end of another scheme.
    let at = find(line, "op://")?;
    let before = line.as_bytes().get(at.wrapping_sub(1));
    let rest = line.get(at + "op://".len()..).unwrap_or_default();
    let is_start = !before
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    (is_start && has(rest, "/")).then_some(ONE_PASSWORD)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, raw, rules, rules_of, secret};

    #[test]
    fn finds_what_a_tool_was_to_resolve() {
        for (value, what) in [
            (
                &b"ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]"[..],
                "is what SOPS encrypted",
            ),
            (
                b"ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]\n",
                "is what SOPS encrypted",
            ),
            (
                b"{\n\t\"data\": \"ENC[AES256_GCM,data:p673w==,iv:YY=,tag:A=,type:str]\",\n\t\"sops\": {}\n}\n",
                "is what SOPS encrypted",
            ),
            (
                b"A=ENC[AES256_GCM,data:p673w==,iv:YY=,tag:A=,type:str]\nsops_version=3.8.1\n",
                "is what SOPS encrypted",
            ),
            (b"ENC[PKCS7,MIIBiQYJKoZI]", "is what hiera-eyaml encrypted"),
            (
                b"$ANSIBLE_VAULT;1.1;AES256\n6162\n",
                "is what Ansible Vault encrypted",
            ),
            (b"\0GITCRYPT\0\xff\xfe\x01", "is what git-crypt encrypted"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
                "is a pointer of Git LFS, not the file",
            ),
            (b"ref+vault://secret/db#/password", "has a reference (ref+…)"),
            (b"postgres://shop:ref+awsssm://db/password+@db/shop", "has a reference (ref+…)"),
            (b"<path:secret/data/x#y>", "has a reference (<path:…#…>)"),
            (
                b"https://u:<path:secret/data/x#y | urlencode>@h",
                "has a reference (<path:…#…>)",
            ),
            (b"op://vault/item/password", "has a reference (op://…)"),
            (b"u:op://vault/item/password", "has a reference (op://…)"),
            (
                b"-----BEGIN AGE ENCRYPTED FILE-----\nYQ==\n-----END AGE ENCRYPTED FILE-----\n",
                "is what age encrypted",
            ),
            (b"age-encryption.org/v1\n-> X25519 a\n", "is what age encrypted"),
            (
                b"@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/y)",
                "is a reference (@Microsoft.KeyVault)",
            ),
        ] {
            let found = lines(&secret("Opaque", &[("password", value)]), &json!({}));
            let start = format!("data[\"password\"]: {what}: nothing in the cluster resolves it; fix: ");
            let value = String::from_utf8_lossy(value);
            assert!(
                found.len() == 1
                    && found[0].starts_with(&start)
                    && found[0].ends_with(" [unresolved_value]"),
                "{value}: {found:?}"
            );
        }
    }

    #[test]
    fn takes_real_values_for_what_they_are() {
        for value in [
            "ENC[",
            "ENC(x)",
            // The Datadog Agent resolves a handle when it runs.
            "ENC[k8s_secret@vault/dd/api_key]",
            "ENC[api_key]",
            "vault:secret/data/db#password",
            "ref+",
            "href+x://y",
            "a ref+ of b://c",
            "<path:/a/b>",
            "op://",
            "http-op://a/b",
            "shop://a/b",
            "stop://a/b",
            "see version https://git-lfs.github.com/spec/v1",
        ] {
            let found = rules("k", value.as_bytes());
            assert!(
                !found.iter().any(|rule| rule.starts_with("unresolved")),
                "{value}: {found:?}"
            );
        }
        let age = b"-----BEGIN AGE ENCRYPTED FILE-----\nYQ==\n-----END AGE ENCRYPTED FILE-----\n";
        assert_eq!(rules("keys.age", age), [""; 0]);
        let long = format!("{}ENC[AES256_GCM,data:", "x".repeat(3000));
        assert_eq!(rules("k", long.as_bytes()), [""; 0]);
        let wide = format!("x{}", "語".repeat(3000));
        assert_eq!(rules("k", wide.as_bytes()), [""; 0]);
    }

    #[test]
    fn is_all_that_is_told_of_a_value() {
        let tls = [
            ("tls.crt", &b"ENC[AES256_GCM,data:a]"[..]),
            ("tls.key", b"ENC[AES256_GCM,data:b]"),
        ];
        assert_eq!(
            rules_of(&secret("kubernetes.io/tls", &tls), &json!({})),
            ["unresolved_value"; 2]
        );
        let off = json!({"encoding": {"unresolvedValue": "off"}});
        assert_eq!(
            rules_of(&secret("kubernetes.io/tls", &tls), &off),
            ["malformed_pem"; 2]
        );
    }

    #[test]
    fn is_told_of_what_stands_in_data_as_it_is() {
        let object = raw(
            "Opaque",
            &json!({"data": {"k": "ENC[AES256_GCM,data:a]", "l": "${PASSWORD}"}}),
        );
        assert_eq!(
            lines(&object, &json!({})),
            [
                "data[\"k\"]: is not base64 at byte 3: it is what SOPS encrypted; fix: apply what `sops decrypt` prints; \
                 where a tool such as Flux does that, check what it applies [invalid_base64]",
                "data[\"l\"]: is not base64 at byte 0: it has a ${…} that was not filled in; fix: write the real value, \
                 or render the template before it is applied [invalid_base64]",
            ]
        );
    }

    #[test]
    fn warns_of_it_in_a_config_map() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"},
            "data": {"k": "ref+vault://secret/db#/password"},
        });
        assert_eq!(rules_of(&object, &json!({})), ["unresolved_value?"]);
    }
}
