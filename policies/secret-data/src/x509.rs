//! What certificates and private keys say of themselves, read from their DER.
//!
//! Only what the checks need: which public key, and until when. There is no cryptography here. An RSA key holds its
//! modulus, and an EC key its public point almost always; an Ed25519 key holds neither, so that only its algorithm is
//! compared. A whole parser of certificates would be half as large as the policy.

use der::asn1::AnyRef;
use der::{Reader, SliceReader, Tag, TagNumber, Tagged};

/// What a certificate says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Certificate<'a> {
    key: PublicKey<'a>,
    /// The last second in which it is valid: `20260131235959`.
    pub(crate) not_after: String,
}

/// A public key, or as much of it as is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PublicKey<'a> {
    /// The object identifier.
    algorithm: &'a [u8],
    /// The modulus of an RSA key, the point of an EC key.
    number: Option<&'a [u8]>,
}

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

impl<'a> Certificate<'a> {
    /// Reads a certificate. Source: RFC 5280, section 4.1.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Fields::of(der)?.sequence()?;
        let mut body = certificate.sequence()?;
        if body.peek()? == VERSION {
            body.next()?;
        }
        let _serial_number = body.integer()?;
        let _signature_algorithm = body.sequence()?;
        let _issuer = body.sequence()?;
        let mut validity = body.sequence()?;
        let _not_before = validity.next()?;
        let not_after = time(&validity.next()?)?;
        let _subject = body.sequence()?;
        let mut info = body.sequence()?;
        let algorithm = info.sequence()?.object_identifier()?;
        let bits = info.bits()?;
        let number = match algorithm {
            RSA => Some(Fields::of(bits)?.sequence()?.integer()?),
            EC => Some(bits),
            _ => None,
        };
        let key = PublicKey { algorithm, number };
        Some(Self { key, not_after })
    }

    /// Whether a private key belongs to the certificate, as far as it can be told: `false` is certain.
    pub(crate) fn may_have(&self, private: &PublicKey<'_>) -> bool {
        // A point can be written in two forms, which have different lengths.
        let differ = |(mine, other): (&[u8], &[u8])| {
            mine != other && (self.key.algorithm == RSA || mine.len() == other.len())
        };
        self.key.algorithm == private.algorithm
            && !self.key.number.zip(private.number).is_some_and(differ)
    }
}

impl<'a> PublicKey<'a> {
    /// The public half of a private key, in any of the forms that Go reads.
    ///
    /// Sources: RFC 8017 (A.1.2), RFC 5208 and RFC 5958, RFC 5915; `parsePrivateKey` in `crypto/tls/tls.go` of Go.
    pub(crate) fn of_private_key(der: &'a [u8]) -> Option<Self> {
        let mut key = Fields::of(der)?.sequence()?;
        let _version = key.integer()?;
        if key.peek()? != Tag::Sequence {
            return Self::of_bare_key(der);
        }
        let algorithm = key.sequence()?.object_identifier()?;
        let inner = key.tagged(Tag::OctetString)?;
        match algorithm {
            RSA | EC => Self::of_bare_key(inner).filter(|inner| inner.algorithm == algorithm),
            _ => Some(Self {
                algorithm,
                number: None,
            }),
        }
    }

    /// The public half of a private key that is not wrapped in its algorithm.
    fn of_bare_key(der: &'a [u8]) -> Option<Self> {
        let mut key = Fields::of(der)?.sequence()?;
        let _version = key.integer()?;
        match key.peek()? {
            Tag::Integer => Some(Self {
                algorithm: RSA,
                number: Some(key.integer()?),
            }),
            Tag::OctetString => {
                key.next()?;
                let number = key.tagged_bits();
                Some(Self {
                    algorithm: EC,
                    number,
                })
            }
            _ => None,
        }
    }
}

const VERSION: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber::N0,
};

const PUBLIC_KEY: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber::N1,
};

/// The fields of a structure, one after the other.
struct Fields<'a>(SliceReader<'a>);

impl<'a> Fields<'a> {
    fn of(der: &'a [u8]) -> Option<Self> {
        SliceReader::new(der).ok().map(Self)
    }

    fn peek(&self) -> Option<Tag> {
        self.0.peek_tag().ok()
    }

    fn next(&mut self) -> Option<AnyRef<'a>> {
        self.0.decode().ok()
    }

    fn tagged(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let field = self.next()?;
        (field.tag() == tag).then(|| field.value())
    }

    fn sequence(&mut self) -> Option<Self> {
        Self::of(self.tagged(Tag::Sequence)?)
    }

    fn integer(&mut self) -> Option<&'a [u8]> {
        self.tagged(Tag::Integer)
    }

    fn object_identifier(&mut self) -> Option<&'a [u8]> {
        self.tagged(Tag::ObjectIdentifier)
    }

    fn bits(&mut self) -> Option<&'a [u8]> {
        // The first byte counts the bits that are not used: none, for keys.
        self.tagged(Tag::BitString)?.strip_prefix(&[0])
    }

    /// The public key behind the private one, which may be missing.
    fn tagged_bits(&mut self) -> Option<&'a [u8]> {
        while let Some(field) = self.next() {
            if field.tag() == PUBLIC_KEY {
                return Self::of(field.value())?.bits();
            }
        }
        None
    }
}

/// A time as 14 digits. Source: RFC 5280, section 4.1.2.5.
fn time(field: &AnyRef<'_>) -> Option<String> {
    let digits = std::str::from_utf8(field.value()).ok()?.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match (field.tag(), digits.len()) {
        (Tag::GeneralizedTime, 14) => Some(digits.to_owned()),
        (Tag::UtcTime, 12) => {
            let century = if digits < "50" { "20" } else { "19" };
            Some(format!("{century}{digits}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A private key in PKCS#8: version, algorithm, and the key that is wrapped.
    fn wrapped(key: &[u8]) -> Vec<u8> {
        let field = |tag: u8, value: &[u8]| {
            let mut field = vec![tag, u8::try_from(value.len()).unwrap()];
            field.extend(value);
            field
        };
        let algorithm = field(0x30, &field(0x06, RSA));
        let fields = [field(0x02, &[0]), algorithm, field(0x04, key)];
        field(0x30, &fields.concat())
    }

    #[test]
    fn a_wrapped_key_holds_a_bare_one_and_no_other_wrapping() {
        let bare = [0x30, 6, 0x02, 1, 0, 0x02, 1, 77];
        let expected = PublicKey {
            algorithm: RSA,
            number: Some(&[77]),
        };
        assert_eq!(PublicKey::of_private_key(&bare).as_ref(), Some(&expected));
        let once = wrapped(&bare);
        assert_eq!(PublicKey::of_private_key(&once), Some(expected));
        // Whoever writes a Secret could nest it deeper than the stack is.
        assert_eq!(PublicKey::of_private_key(&wrapped(&once)), None);
    }

    #[test]
    fn a_key_of_another_length_differs_but_for_a_point_in_its_other_form() {
        let key = |algorithm, number| PublicKey { algorithm, number };
        for (algorithm, mine, other, may_have) in [
            (RSA, Some(&[1, 2][..]), Some(&[1, 2][..]), true),
            (RSA, Some(&[1, 2]), Some(&[1, 3]), false),
            (RSA, Some(&[1, 2]), Some(&[1, 2, 3]), false),
            (EC, Some(&[4, 1, 1]), Some(&[4, 1, 1]), true),
            (EC, Some(&[4, 1, 1]), Some(&[4, 1, 2]), false),
            (EC, Some(&[4, 1, 1]), Some(&[2, 1]), true),
            (EC, Some(&[4, 1, 1]), None, true),
        ] {
            let certificate = Certificate {
                key: key(algorithm, mine),
                not_after: String::new(),
            };
            assert_eq!(
                certificate.may_have(&key(algorithm, other)),
                may_have,
                "{mine:?} {other:?}"
            );
        }
    }
}
