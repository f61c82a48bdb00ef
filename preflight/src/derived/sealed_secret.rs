//! Sealed Secrets: the Secret in a `SealedSecret`.
//!
//! Source: `Unseal` in `pkg/apis/sealedsecrets/v1alpha1/sealedsecret_expansion.go` of bitnami-labs/sealed-secrets: it has
//! the name and namespace of the `SealedSecret`, whatever its template says.

use tree::Value;

use super::{filled, is, keys, secret};

pub(super) fn derive(object: &Value) -> Vec<Value> {
    let name = filled(object, "/metadata/name");
    let Some(name) = name.filter(|_| is(object, "bitnami.com", "SealedSecret")) else {
        return Vec::new();
    };
    let keys = keys(object, "/spec/encryptedData").chain(keys(object, "/spec/template/data"));
    vec![secret(
        object,
        name,
        filled(object, "/spec/template/type"),
        keys,
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::testing::told;

    #[test]
    fn a_sealed_secret_has_a_secret() {
        for (spec, expected) in [
            (
                "encryptedData: {user: Ag==, password: Ag==}",
                "Secret shop/web Opaque password user",
            ),
            (
                "encryptedData: {a: Ag==}, template: {type: kubernetes.io/tls, metadata: {name: x}, data: {url: '{{ .a }}'}}",
                "Secret shop/web kubernetes.io/tls a url",
            ),
            ("data: Ag==", "Secret shop/web Opaque"),
        ] {
            assert_eq!(
                told(derive, "bitnami.com/v1alpha1 SealedSecret", spec),
                [expected]
            );
        }
        assert_eq!(told(derive, "v1 Secret", "encryptedData: {a: b}"), [""; 0]);
    }
}
