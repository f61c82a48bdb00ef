//! Policies in OCI registries.
//!
//! A policy is one layer of its own media type below an empty config, as `kwctl push` writes it. The single-line
//! annotations of its metadata become annotations of the manifest. Credentials come from the Docker configuration
//! (`$DOCKER_CONFIG/config.json` or `~/.docker/config.json`), with credential helpers. A registry on this machine is
//! spoken to without TLS, like Docker does it.
//!
//! ```no_run
//! # fn main() -> Result<(), policy_registry::RegistryError> {
//! let wasm = std::fs::read("dist/hostpath-mounts.wasm").unwrap_or_default();
//! let pinned = policy_registry::push("registry://registry.example.com/policies/hostpath-mounts:v1", &wasm)?;
//! assert_eq!(policy_registry::pull(&pinned)?, wasm);
//! # Ok(())
//! # }
//! ```

use std::{
    collections::BTreeMap,
    env,
    fs::File,
    io::{BufReader, ErrorKind},
    net::IpAddr,
    path::PathBuf,
    time::Duration,
};

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::{
    Client, Reference, RegistryOperation,
    annotations::ORG_OPENCONTAINERS_IMAGE_SOURCE,
    client::{ClientConfig, ClientProtocol, Config, ImageLayer},
    errors::{OciDistributionError, OciErrorCode},
    manifest::OciImageManifest,
    secrets::RegistryAuth,
};
use policy_metadata::{Metadata, SOURCE};

mod bounded;
#[cfg(feature = "testing")]
pub mod testing;

use bounded::Bounded;

/// How references to registries begin.
pub const SCHEME: &str = "registry://";

/// The media type of a policy.
pub const LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// The media type of its config, which is empty.
pub const CONFIG: &str = "application/vnd.wasm.config.v1+json";

/// No policy has more bytes. The largest that are published have some millions.
const MAX_BYTES: i64 = 256 * 1024 * 1024;

/// A registry that says nothing for so long has gone away.
const SILENCE: Duration = Duration::from_secs(30);

const NOT_THERE: &str = "there is no such policy";

/// What to do where there is nothing to check a registry by.
const CERTIFICATES: &str = "install the certificates of authorities (ca-certificates), or name their file in SSL_CERT_FILE";

const CREDENTIALS: &str =
    "the registry wants other credentials: `docker login` writes them where they are looked for";

/// What came in the way.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The text is no reference.
    #[error(
        "{reference:?} is not a reference such as {SCHEME}registry.example.com/policies/name:v1: {reason}"
    )]
    Reference {
        /// The text.
        reference: String,
        /// Why.
        reason: String,
    },
    /// The Docker configuration, or a helper that it names, gives no credentials.
    #[error("{reference}: no credentials from the Docker configuration: {reason}")]
    Credentials {
        /// What was wanted.
        reference: String,
        /// Why.
        reason: String,
    },
    /// The registry does not do it, or cannot be reached.
    #[error("{reference}: {reason}")]
    Registry {
        /// What was wanted.
        reference: String,
        /// Why.
        reason: String,
    },
    /// Something else is there.
    #[error(
        "{reference}: holds {found}, not one layer of type {LAYER}: it is not a policy of Kubewarden"
    )]
    NotAPolicy {
        /// What was wanted.
        reference: String,
        /// The layers that are there.
        found: String,
    },
}

/// The bytes of the policy at a reference, by tag or by digest.
pub fn pull(reference: &str) -> Result<Vec<u8>, RegistryError> {
    let image = parse(reference)?;
    let auth = credentials(reference, &image)?;
    let client = client(reference, &image)?;
    let failed = |error| failure(reference, &error);
    run(reference, async {
        // The layers are looked at before they are fetched: an image of a system may have gigabytes.
        let (manifest, _) = client
            .pull_image_manifest(&image, &auth)
            .await
            .map_err(failed)?;
        let layer = match manifest.layers.as_slice() {
            [layer] if layer.media_type == LAYER => layer,
            layers => {
                let found: Vec<&str> = layers
                    .iter()
                    .map(|layer| layer.media_type.as_str())
                    .collect();
                return Err(RegistryError::NotAPolicy {
                    reference: reference.to_owned(),
                    found: if found.is_empty() {
                        "no layer".to_owned()
                    } else {
                        found.join(", ")
                    },
                });
            }
        };
        if layer.size > MAX_BYTES {
            return Err(RegistryError::Registry {
                reference: reference.to_owned(),
                reason: format!("has {} bytes, and no policy is that large", layer.size),
            });
        }
        let size = usize::try_from(layer.size).map_err(|_| RegistryError::Registry {
            reference: reference.to_owned(),
            reason: format!("has {} bytes, and no policy has so few", layer.size),
        })?;
        let mut wasm = Bounded::new(size);
        client
            .pull_blob(&image, layer, &mut wasm)
            .await
            .map_err(failed)?;
        Ok(wasm.into_bytes())
    })
}

/// Pushes a policy. Returns the reference by its digest, which always means these bytes.
pub fn push(reference: &str, wasm: &[u8]) -> Result<String, RegistryError> {
    let image = parse(reference)?;
    let auth = credentials(reference, &image)?;
    let client = client(reference, &image)?;
    let failed = |error| failure(reference, &error);
    let layer = ImageLayer::new(wasm.to_vec(), LAYER.to_owned(), None);
    let config = Config::new(b"{}".to_vec(), CONFIG.to_owned(), None);
    let manifest =
        OciImageManifest::build(std::slice::from_ref(&layer), &config, annotations(wasm));
    run(reference, async {
        client
            .auth(&image, &auth, RegistryOperation::Push)
            .await
            .map_err(failed)?;
        let pushed = client
            .push(&image, &[layer], config, &auth, Some(manifest))
            .await
            .map_err(failed)?;
        // Where the manifest is, by its digest: the tag may mean something else by now.
        let digest = match pushed.manifest_url.rsplit_once("/manifests/") {
            Some((_, digest)) if digest.starts_with("sha256:") => digest.to_owned(),
            _ => client
                .fetch_manifest_digest(&image, &auth)
                .await
                .map_err(failed)?,
        };
        Ok(format!(
            "{SCHEME}{}/{}@{digest}",
            image.registry(),
            image.repository()
        ))
    })
}

fn parse(reference: &str) -> Result<Reference, RegistryError> {
    let wrong = |reason: String| RegistryError::Reference {
        reference: reference.to_owned(),
        reason,
    };
    let name = reference
        .strip_prefix(SCHEME)
        .ok_or_else(|| wrong(format!("it does not begin with {SCHEME}")))?;
    name.parse::<Reference>()
        .map_err(|error| wrong(error.to_string()))
}

fn client(reference: &str, image: &Reference) -> Result<Client, RegistryError> {
    let protocol = if is_local(image.resolve_registry()) {
        ClientProtocol::Http
    } else {
        ClientProtocol::Https
    };
    // The process may have one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = ClientConfig {
        protocol,
        connect_timeout: Some(SILENCE),
        read_timeout: Some(SILENCE),
        ..ClientConfig::default()
    };
    // `Client::new` panics where this fails.
    Client::try_from(config).map_err(|error| RegistryError::Registry {
        reference: reference.to_owned(),
        reason: format!("{}; {CERTIFICATES}", chain(&error)),
    })
}

/// Whether a registry is on this machine, by its name.
fn is_local(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => registry,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn credentials(reference: &str, image: &Reference) -> Result<RegistryAuth, RegistryError> {
    let failed = |reason: &str| RegistryError::Credentials {
        reference: reference.to_owned(),
        reason: reason.to_owned(),
    };
    let folder = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(env::home_dir()?.join(".docker")));
    let file = match folder.map(|folder| File::open(folder.join("config.json"))) {
        None => return Ok(RegistryAuth::Anonymous),
        Some(Err(error)) if error.kind() == ErrorKind::NotFound => {
            return Ok(RegistryAuth::Anonymous);
        }
        Some(file) => file.map_err(|error| failed(&error.to_string()))?,
    };
    let registry = image.resolve_registry();
    match docker_credential::get_credential_from_reader(BufReader::new(file), registry) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(RegistryAuth::Basic(user, password))
        }
        // It would have to be exchanged for another token first.
        Ok(DockerCredential::IdentityToken(_)) => Err(failed(
            "an identity token is of no use here: log in with a password",
        )),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(RegistryAuth::Anonymous),
        // What the helpers of Docker say of a registry without a login.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(RegistryAuth::Anonymous)
        }
        // Their own texts may quote what a helper wrote.
        Err(error) => Err(failed(match error {
            CredentialRetrievalError::HelperFailure { .. } => "its helper failed",
            CredentialRetrievalError::HelperCommunicationError => "its helper cannot be run",
            _ => "it is malformed",
        })),
    }
}

/// What `kwctl push` takes over from the metadata, and where registries look for the source: `crates/kwctl/src/push.rs` of
/// kubewarden/adm-controller. A manifest has no place for whole pages.
fn annotations(wasm: &[u8]) -> Option<BTreeMap<String, String>> {
    let section = wasmparser::Parser::new(0)
        .parse_all(wasm)
        .find_map(|part| match part {
            Ok(wasmparser::Payload::CustomSection(section))
                if section.name() == policy_metadata::SECTION =>
            {
                Some(section.data())
            }
            _ => None,
        })?;
    let annotations = Metadata::from_section(section).ok()?.annotations;
    let mut annotations: BTreeMap<String, String> = annotations
        .into_iter()
        .map(|(key, text)| (key, text.trim().to_owned()))
        .filter(|(_, text)| !text.contains('\n'))
        .collect();
    if let Some(source) = annotations.get(SOURCE).cloned() {
        let key = ORG_OPENCONTAINERS_IMAGE_SOURCE.to_owned();
        annotations.entry(key).or_insert(source);
    }
    Some(annotations)
}

fn run<T>(
    reference: &str,
    work: impl Future<Output = Result<T, RegistryError>>,
) -> Result<T, RegistryError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| RegistryError::Registry {
            reference: reference.to_owned(),
            reason: error.to_string(),
        })?;
    runtime.block_on(work)
}

/// Says it in the words of the reference.
fn failure(reference: &str, error: &OciDistributionError) -> RegistryError {
    let reason = match error {
        OciDistributionError::AuthenticationFailure(_)
        | OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::ServerError {
            code: 401 | 403, ..
        } => CREDENTIALS.to_owned(),
        OciDistributionError::ImageManifestNotFoundError(_) => NOT_THERE.to_owned(),
        OciDistributionError::RegistryError { envelope, .. } => {
            let code = envelope.errors.first().map(|error| &error.code);
            match code {
                Some(OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown) => {
                    NOT_THERE.to_owned()
                }
                Some(OciErrorCode::Unauthorized | OciErrorCode::Denied) => CREDENTIALS.to_owned(),
                _ => chain(error),
            }
        }
        other => chain(other),
    };
    RegistryError::Registry {
        reference: reference.to_owned(),
        reason,
    }
}

/// An error with its causes: the outermost of a failed connection says only that it failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_registries_of_this_machine() {
        for (registry, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("127.9.9.9", true),
            ("[::1]:5000", true),
            ("registry.example.com", false),
            ("localhost.example.com:5000", false),
            ("10.0.0.1:5000", false),
        ] {
            assert_eq!(is_local(registry), expected, "{registry}");
        }
    }

    #[test]
    fn a_manifest_says_where_the_source_is() {
        let of = |annotations: serde_json::Value| {
            let metadata = serde_json::json!({
                "rules": [], "mutating": false, "executionMode": "kubewarden-wapc", "annotations": annotations,
            });
            let section = format!(
                "(module (@custom {:?} {:?}))",
                policy_metadata::SECTION,
                metadata.to_string()
            );
            super::annotations(&wat::parse_str(section).unwrap())
        };
        let pushed = of(serde_json::json!({
            "io.kubewarden.policy.source": "https://example.com/source",
            "io.kubewarden.policy.description": "One line.\n",
            "io.kubewarden.policy.usage": "A page\nof lines.",
        }));
        let expected = [
            ("io.kubewarden.policy.description", "One line."),
            ("io.kubewarden.policy.source", "https://example.com/source"),
            (
                "org.opencontainers.image.source",
                "https://example.com/source",
            ),
        ];
        let expected = expected.map(|(key, text)| (key.to_owned(), text.to_owned()));
        assert_eq!(pushed, Some(expected.clone().into()));
        let own = [(
            "org.opencontainers.image.source".to_owned(),
            "https://example.com/fork".to_owned(),
        )];
        let mut annotations: BTreeMap<String, String> = expected.into();
        annotations.extend(own);
        assert_eq!(of(serde_json::json!(annotations)), Some(annotations));
        assert_eq!(super::annotations(b"\0asm\x01\0\0\0"), None);
    }

    #[test]
    fn says_what_is_no_reference() {
        for (reference, expected) in [
            (
                "registry.example.com/a:v1",
                "\"registry.example.com/a:v1\" is not a reference such as registry://registry.example.com/policies/name:v1: it does not \
                 begin with registry://",
            ),
            (
                "registry://a/B:v1",
                "\"registry://a/B:v1\" is not a reference such as registry://registry.example.com/policies/name:v1: \
                 invalid reference format",
            ),
        ] {
            assert_eq!(parse(reference).unwrap_err().to_string(), expected);
        }
    }
}
