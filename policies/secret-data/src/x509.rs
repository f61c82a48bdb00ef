//! What certificates and private keys say of themselves, read from their DER.
//!
//! Only what the checks need: which public key, from when and until when, and who signed it. There is no cryptography
//! here. An RSA key holds its modulus, and an EC key its public point almost always; an Ed25519 key holds its public half
//! in its newer form alone, so that mostly only its algorithm is compared. A whole
//! parser of certificates would be half as large as the policy, and a library for their encoding as large as this file.

/// What a certificate says.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    key: PublicKey<'a>,
    /// The first second in which it is valid, as the number of its 14 digits: `20260131235959`.
    pub(crate) not_before: u64,
    /// The last second in which it is valid.
    pub(crate) not_after: u64,
    /// The names of whom it belongs to, and who signed it.
    subject: &'a [u8],
    issuer: &'a [u8],
    ids: KeyIds<'a>,
    /// All of it.
    pub(crate) der: &'a [u8],
}

/// What tells the key of a certificate, and the key that signed it, from others.
#[derive(Debug, Default)]
struct KeyIds<'a> {
    subject: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
}

/// A public key, or as much of it as is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PublicKey<'a> {
    /// The object identifier.
    algorithm: &'a [u8],
    /// The modulus of an RSA key, the point of an EC key.
    number: Option<&'a [u8]>,
    /// Whether a private key stands there without its algorithm around it: PKCS#1 and SEC 1, not PKCS#8.
    is_bare: bool,
}

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// 2.5.29.14
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
/// 2.5.29.35
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];

impl<'a> Certificate<'a> {
    /// Reads a certificate. Source: RFC 5280, section 4.1.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Fields(der).sequence()?;
        let mut body = certificate.sequence()?;
        if body.peek() == Some(VERSION) {
            body.next()?;
        }
        let _serial_number = body.tagged(INTEGER)?;
        let _signature_algorithm = body.sequence()?;
        let issuer = body.tagged(SEQUENCE)?;
        let mut validity = body.sequence()?;
        let not_before = time(validity.next()?)?;
        let not_after = time(validity.next()?)?;
        let subject = body.tagged(SEQUENCE)?;
        let mut info = body.sequence()?;
        let algorithm = info.sequence()?.tagged(OBJECT_IDENTIFIER)?;
        let bits = bits(info.tagged(BIT_STRING)?)?;
        let number = match algorithm {
            RSA => Some(Fields(bits).sequence()?.tagged(INTEGER)?),
            _ => Some(bits),
        };
        Some(Self {
            key: PublicKey {
                algorithm,
                number,
                is_bare: false,
            },
            not_before,
            not_after,
            subject,
            issuer,
            ids: body.key_ids().unwrap_or_default(),
            der,
        })
    }

    /// Whether another certificate signed this one, by their names and by what they say of their keys. The signature
    /// itself is not looked at.
    pub(crate) fn is_signed_by(&self, other: &Self) -> bool {
        match self.ids.authority.zip(other.ids.subject) {
            // The same name may be written in two ways.
            Some((mine, its)) => mine == its,
            None => self.issuer == other.subject,
        }
    }

    /// Whether a private key belongs to the certificate, as far as it can be told: `false` is certain.
    pub(crate) fn may_have(&self, private: &PublicKey<'_>) -> bool {
        let differ = |(mine, other): (&[u8], &[u8])| {
            mine != other && !(self.key.algorithm == EC && are_one_point(mine, other))
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
        let mut key = Fields(der).sequence()?;
        let _version = key.tagged(INTEGER)?;
        if key.peek() != Some(SEQUENCE) {
            return Self::of_bare_key(der).map(|key| Self {
                is_bare: true,
                ..key
            });
        }
        let algorithm = key.sequence()?.tagged(OBJECT_IDENTIFIER)?;
        let inner = key.tagged(OCTET_STRING)?;
        match algorithm {
            RSA | EC => Self::of_bare_key(inner).filter(|inner| inner.algorithm == algorithm),
            _ => Some(Self {
                algorithm,
                // In the newer form, which few programs write.
                number: key.find(PUBLIC_KEY_BITS).and_then(bits),
                is_bare: false,
            }),
        }
    }

    /// Whether OpenSSL and others look for a key of this kind under a label such as `RSA PRIVATE KEY`.
    pub(crate) fn fits(&self, label: &str) -> bool {
        match label {
            "PRIVATE KEY" => !self.is_bare,
            "RSA PRIVATE KEY" => self.algorithm == RSA,
            "EC PRIVATE KEY" => self.algorithm == EC,
            _ => true,
        }
    }

    /// The public half of a private key that is not wrapped in its algorithm.
    fn of_bare_key(der: &'a [u8]) -> Option<Self> {
        let mut key = Fields(der).sequence()?;
        let _version = key.tagged(INTEGER)?;
        match key.peek()? {
            INTEGER => Some(Self {
                algorithm: RSA,
                number: Some(key.tagged(INTEGER)?),
                is_bare: false,
            }),
            OCTET_STRING => {
                key.next()?;
                let number = key.find(PUBLIC_KEY);
                let number = number.and_then(|field| bits(Fields(field).tagged(BIT_STRING)?));
                Some(Self {
                    algorithm: EC,
                    number,
                    is_bare: false,
                })
            }
            _ => None,
        }
    }
}

/// Tags of DER. Source: ITU-T X.690.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `[0]` of a certificate, with a version in it.
const VERSION: u8 = 0xa0;
/// `[1]` of RFC 5915, with a bit string in it.
const PUBLIC_KEY: u8 = 0xa1;
/// `[1]` of RFC 5958, in place of the tag of a bit string.
const PUBLIC_KEY_BITS: u8 = 0x81;
/// `[3]` of a certificate, with its extensions in it.
const EXTENSIONS: u8 = 0xa3;
/// `[0]` of an authority key identifier.
const KEY_ID: u8 = 0x80;

/// The fields of a structure, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next field: its tag, and what is in it.
    #[inline(never)]
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 3))?;
                let add = |length: usize, byte: &u8| length << 8 | usize::from(*byte);
                (bytes.iter().fold(0, add), rest)
            }
            // Without an end, or of more bytes than a Secret may have.
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }

    fn tagged(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, value) = self.next()?;
        (found == tag).then_some(value)
    }

    fn sequence(&mut self) -> Option<Self> {
        self.tagged(SEQUENCE).map(Self)
    }

    /// The next field with a tag.
    fn find(&mut self, tag: u8) -> Option<&'a [u8]> {
        while let Some((found, value)) = self.next() {
            if found == tag {
                return Some(value);
            }
        }
        None
    }

    /// The identifiers of the key and of the one that signed it. Source: RFC 5280, sections 4.2.1.1 and 4.2.1.2.
    fn key_ids(&mut self) -> Option<KeyIds<'a>> {
        let mut extensions = Self(self.find(EXTENSIONS)?).sequence()?;
        let mut found = KeyIds::default();
        while let Some(mut extension) = extensions.sequence() {
            let id = extension.tagged(OBJECT_IDENTIFIER)?;
            let mut value = Self(extension.find(OCTET_STRING)?);
            match id {
                SUBJECT_KEY_ID => found.subject = value.tagged(OCTET_STRING),
                AUTHORITY_KEY_ID => found.authority = value.sequence()?.find(KEY_ID),
                _ => {}
            }
        }
        Some(found)
    }
}

/// Whether two forms of a point are of one point: one may have both coordinates, and the other the first, with the parity of
/// the second in its first byte. Points of two curves have coordinates of two lengths. Source: SEC 1, section 2.3.3.
fn are_one_point(one: &[u8], other: &[u8]) -> bool {
    let whole_and_short = match (one, other) {
        ([4, whole @ ..], [parity @ (2 | 3), short @ ..])
        | ([parity @ (2 | 3), short @ ..], [4, whole @ ..]) => Some((whole, *parity, short)),
        _ => None,
    };
    whole_and_short.is_some_and(|(whole, parity, short)| {
        let is_odd = whole.last().is_some_and(|byte| byte & 1 == 1);
        whole.len() == 2 * short.len() && whole.starts_with(short) && is_odd == (parity == 3)
    })
}

/// What is in a bit string. The first byte counts the bits that are not used: none, for keys.
fn bits(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(&[0])
}

/// A time as the number of its 14 digits. Source: RFC 5280, section 4.1.2.5.
fn time((tag, value): (u8, &[u8])) -> Option<u64> {
    let digits = value.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = number(digits);
    match (tag, digits.len()) {
        (GENERALIZED_TIME, 14) => Some(number),
        (UTC_TIME, 12) if number < 500_000_000_000 => Some(number + 20_000_000_000_000),
        (UTC_TIME, 12) => Some(number + 19_000_000_000_000),
        _ => None,
    }
}

/// The digits of a text as a number, of no more than 14; what else is in it is left out.
pub(crate) fn number(text: &[u8]) -> u64 {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).take(14);
    digits.fold(0, |number, digit| number * 10 + u64::from(digit & 15))
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
            is_bare: false,
        };
        let is_bare = |key: &[u8]| PublicKey::of_private_key(key).is_some_and(|key| key.is_bare);
        assert!(is_bare(&bare) && !is_bare(&wrapped(&bare)));
        let once = wrapped(&bare);
        assert_eq!(PublicKey::of_private_key(&once), Some(expected));
        // A Secret could nest it deeper than the stack is.
        assert_eq!(PublicKey::of_private_key(&wrapped(&once)), None);
    }

    #[test]
    fn reads_times() {
        for (tag, text, expected) in [
            (UTC_TIME, "260131235959Z", Some(20_260_131_235_959)),
            (UTC_TIME, "491231235959Z", Some(20_491_231_235_959)),
            (UTC_TIME, "500101000000Z", Some(19_500_101_000_000)),
            (
                GENERALIZED_TIME,
                "21260131235959Z",
                Some(21_260_131_235_959),
            ),
            (GENERALIZED_TIME, "260131235959Z", None),
            (UTC_TIME, "21260131235959Z", None),
            (UTC_TIME, "260131235959", None),
            (UTC_TIME, "26013123595 Z", None),
            (INTEGER, "260131235959Z", None),
        ] {
            assert_eq!(time((tag, text.as_bytes())), expected, "{text}");
        }
        assert_eq!(number(b"2026-01-31T23:59:59Z"), 20_260_131_235_959);
        assert_eq!(number(b""), 0);
    }

    #[test]
    fn reads_lengths_of_every_form() {
        for (der, value, rest) in [
            (&[4, 1, 7, 9][..], Some(&[7][..]), &[9][..]),
            (&[4, 0], Some(&[]), &[]),
            (&[4, 0x81, 1, 7], Some(&[7]), &[]),
            (&[4, 0x82, 0, 1, 7], Some(&[7]), &[]),
            (&[4, 0x83, 0, 0, 1, 7, 8], Some(&[7]), &[8]),
            (&[4, 0x80, 7, 0, 0], None, &[]),
            (&[4, 0x84, 0, 0, 0, 1, 7], None, &[]),
            (&[4, 2, 7], None, &[]),
            (&[4, 0x82, 1], None, &[]),
            (&[4], None, &[]),
            (&[], None, &[]),
        ] {
            let mut fields = Fields(der);
            assert_eq!(fields.tagged(OCTET_STRING), value, "{der:?}");
            if value.is_some() {
                assert_eq!(fields.0, rest, "{der:?}");
            }
        }
    }

    #[test]
    fn another_key_differs_but_for_a_point_in_its_other_form() {
        let key = |algorithm, number| PublicKey {
            algorithm,
            number,
            is_bare: false,
        };
        for (algorithm, mine, other, may_have) in [
            (RSA, Some(&[1, 2][..]), Some(&[1, 2][..]), true),
            (RSA, Some(&[1, 2]), Some(&[1, 3]), false),
            (RSA, Some(&[1, 2]), Some(&[1, 2, 3]), false),
            (EC, Some(&[4, 1, 1]), Some(&[4, 1, 1]), true),
            (EC, Some(&[4, 1, 1]), Some(&[4, 1, 2]), false),
            (EC, Some(&[4, 1, 1]), Some(&[3, 1]), true),
            (EC, Some(&[2, 1]), Some(&[4, 1, 2]), true),
            (EC, Some(&[4, 1, 1]), Some(&[2, 1]), false),
            (EC, Some(&[4, 1, 1]), Some(&[3, 2]), false),
            (EC, Some(&[3, 1]), Some(&[3, 2]), false),
            // Of another curve.
            (EC, Some(&[4, 1, 1]), Some(&[4, 1, 2, 1, 2]), false),
            (EC, Some(&[4, 1, 1]), Some(&[3, 1, 2]), false),
            (EC, Some(&[4, 1, 1]), Some(&[]), false),
            (EC, Some(&[4, 1, 1]), None, true),
        ] {
            let certificate = Certificate {
                key: key(algorithm, mine),
                not_before: 0,
                not_after: 0,
                subject: b"",
                issuer: b"",
                ids: KeyIds::default(),
                der: b"",
            };
            assert_eq!(
                certificate.may_have(&key(algorithm, other)),
                may_have,
                "{mine:?} {other:?}"
            );
        }
    }
}
