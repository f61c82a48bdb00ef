//! The Secrets Store CSI driver: the Secrets that it keeps in step with what a pod mounts.
//!
//! Source: `SecretObject` in `apis/v1/secretproviderclass_types.go` of kubernetes-sigs/secrets-store-csi-driver.

use tree::Value;

use super::{filled, is, items, secret};

pub(super) fn derive(object: &Value) -> Vec<Value> {
    if !is(object, "secrets-store.csi.x-k8s.io", "SecretProviderClass") {
        return Vec::new();
    }
    let made = items(object, "/spec/secretObjects").filter_map(|made| {
        let name = filled(made, "/secretName")?;
        let keys = items(made, "/data").filter_map(|entry| filled(entry, "/key"));
        Some(secret(object, name, filled(made, "/type"), keys))
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::testing::told;

    #[test]
    fn each_secret_object_is_a_secret() {
        let kind = "secrets-store.csi.x-k8s.io/v1 SecretProviderClass";
        let spec = "secretObjects: [{secretName: db, data: [{key: user, objectName: u}, {objectName: v}]}, \
                    {secretName: tls, type: kubernetes.io/tls}, {type: Opaque}]";
        assert_eq!(
            told(derive, kind, spec),
            [
                "Secret shop/db Opaque user",
                "Secret shop/tls kubernetes.io/tls"
            ]
        );
        assert_eq!(told(derive, kind, "provider: azure"), [""; 0]);
        assert_eq!(told(derive, "x.io/v1 SecretProviderClass", spec), [""; 0]);
    }
}
