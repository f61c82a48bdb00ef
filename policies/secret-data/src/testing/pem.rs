//! Certificates and keys that were made for these tests alone, by openssl and ssh-keygen.

pub(crate) const EC_CERTIFICATE: &[u8] = include_bytes!("pem/ec_certificate.pem");
pub(crate) const EC_KEY: &[u8] = include_bytes!("pem/ec_key.pem");
pub(crate) const SEC1_EC_KEY: &[u8] = include_bytes!("pem/sec1_ec_key.pem");
pub(crate) const OTHER_EC_KEY: &[u8] = include_bytes!("pem/other_ec_key.pem");
pub(crate) const RSA_CERTIFICATE: &[u8] = include_bytes!("pem/rsa_certificate.pem");
pub(crate) const RSA_KEY: &[u8] = include_bytes!("pem/rsa_key.pem");
pub(crate) const RSA_KEY_PKCS1: &[u8] = include_bytes!("pem/rsa_key_pkcs1.pem");
pub(crate) const OTHER_RSA_KEY: &[u8] = include_bytes!("pem/other_rsa_key.pem");
pub(crate) const ED_CERTIFICATE: &[u8] = include_bytes!("pem/ed_certificate.pem");
pub(crate) const ED_KEY: &[u8] = include_bytes!("pem/ed_key.pem");
pub(crate) const ENCRYPTED_KEY: &[u8] = include_bytes!("pem/encrypted_key.pem");
pub(crate) const SSH_KEY: &[u8] = include_bytes!("pem/ssh_key.pem");
pub(crate) const EXPIRED_CERTIFICATE: &[u8] = include_bytes!("pem/expired_certificate.pem");
pub(crate) const EXPIRED_KEY: &[u8] = EC_KEY;

/// What `make-chain` made: each signed by the next.
pub(crate) const CHAIN: [&[u8]; 3] = [
    include_bytes!("pem/chain_server.pem"),
    include_bytes!("pem/chain_intermediate.pem"),
    include_bytes!("pem/chain_root.pem"),
];
pub(crate) const CHAIN_KEY: &[u8] = include_bytes!("pem/chain_server_key.pem");
