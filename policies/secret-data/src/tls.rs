//! The files of a TLS Secret, read once for all rules about them.

use crate::pem::{self, Block, Damage};
use crate::views::{Entry, Values};
use crate::x509::Certificate;

/// A value with what is in it.
pub(crate) struct File<'v> {
    pub(crate) entry: &'v Entry<'v>,
    pub(crate) value: &'v [u8],
    pub(crate) blocks: Vec<Block<'v>>,
    /// What is wrong with the first block that cannot be read.
    pub(crate) damage: Option<Damage>,
}

/// What a TLS Secret holds. A key that is not there, or not base64, has no file.
pub(crate) struct Tls<'v> {
    /// `tls.crt`
    pub(crate) certificate: Option<File<'v>>,
    /// `tls.key`
    pub(crate) key: Option<File<'v>>,
    /// `ca.crt`
    pub(crate) authority: Option<File<'v>>,
}

impl<'v> Tls<'v> {
    /// What is in the values of a Secret.
    pub(crate) fn of(values: &'v Values<'_>) -> Self {
        let [certificate, key, authority] = ["tls.crt", "tls.key", "ca.crt"].map(|key| {
            let (entry, value) = values.get(key)?;
            let (blocks, damage) = pem::scan(value);
            Some(File {
                entry,
                value,
                blocks,
                damage,
            })
        });
        Self {
            certificate,
            key,
            authority,
        }
    }
}

impl File<'_> {
    /// The first certificate. A server shows this one.
    pub(crate) fn certificate(&self) -> Option<&Block<'_>> {
        self.blocks.iter().find(|block| is_certificate(block))
    }

    /// The certificates in front of the first block that is none.
    pub(crate) fn certificates(&self) -> Vec<Certificate<'_>> {
        let blocks = self.blocks.iter().filter(|block| is_certificate(block));
        blocks
            .map_while(|block| Certificate::read(&block.content))
            .collect()
    }

    /// The first private key.
    pub(crate) fn private_key(&self) -> Option<&Block<'_>> {
        self.blocks.iter().find(|block| is_private_key(block))
    }
}

/// Whether a block is a private key, as Go sees it: `X509KeyPair` in `crypto/tls/tls.go`.
pub(crate) fn is_private_key(block: &Block<'_>) -> bool {
    block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY")
}

/// Whether a block is a certificate.
pub(crate) fn is_certificate(block: &Block<'_>) -> bool {
    block.label == "CERTIFICATE"
}
