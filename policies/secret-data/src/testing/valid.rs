//! Valid Secrets, and random values: what is right is not refused, and hardly ever warned of.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{lines, rules};

/// What `valid/make` made with openssl, ssh-keygen, keytool and gpg.
const SECRETS: &str = include_str!("valid/secrets.jsonl");

#[test]
fn nothing_is_told_of_secrets_that_real_tools_made() {
    let mut count = 0;
    for line in SECRETS.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        let keys: Vec<&String> = object["data"].as_object().unwrap().keys().collect();
        let found = lines(&object, &json!({}));
        let name = &object["metadata"]["name"];
        assert_eq!(
            found, [""; 0],
            "{name} of type {}: {keys:?}",
            object["type"]
        );
        count += 1;
    }
    assert!(count >= 300, "{count}");
}

/// `SplitMix64` of Steele, Lea and Flood. The same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// So many characters of an alphabet.
    fn of(&mut self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..count)
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }

    fn words(&mut self, separator: &str, count: usize) -> String {
        const WORDS: &str =
            "correct horse battery staple apple river stone window garden yellow quiet rocket";
        let words: Vec<&str> = WORDS.split(' ').collect();
        let words: Vec<&str> = (0..count).map(|_| words[self.below(words.len())]).collect();
        words.join(separator)
    }

    fn hex(&mut self, count: usize) -> String {
        self.of("0123456789abcdef", count)
    }

    fn uuid(&mut self) -> String {
        let parts = [8, 4, 4, 4, 12].map(|count| self.hex(count));
        parts.join("-")
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SYMBOLS: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~";
const SOME_SYMBOLS: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!@#%^&*-_=+";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HANGUL: &str = "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허";

/// What makes a value.
type Generator = (&'static str, fn(&mut Random) -> Vec<u8>);

const GENERATORS: &[Generator] = &[
    ("8 letters and digits", |random| {
        random.of(ALPHANUMERIC, 8).into()
    }),
    ("12 letters and digits", |random| {
        random.of(ALPHANUMERIC, 12).into()
    }),
    ("16 letters and digits", |random| {
        random.of(ALPHANUMERIC, 16).into()
    }),
    ("20 letters and digits", |random| {
        random.of(ALPHANUMERIC, 20).into()
    }),
    ("24 letters and digits", |random| {
        random.of(ALPHANUMERIC, 24).into()
    }),
    ("32 letters and digits", |random| {
        random.of(ALPHANUMERIC, 32).into()
    }),
    ("64 letters and digits", |random| {
        random.of(ALPHANUMERIC, 64).into()
    }),
    ("16 lower case letters", |random| {
        random.of(LOWER, 16).into()
    }),
    ("20 capitals", |random| random.of(UPPER, 20).into()),
    ("16 characters of URLs", |random| random.of(URL, 16).into()),
    ("43 characters of URLs", |random| random.of(URL, 43).into()),
    ("64 characters of URLs", |random| random.of(URL, 64).into()),
    ("12 characters of all", |random| {
        random.of(SYMBOLS, 12).into()
    }),
    ("20 characters of all", |random| {
        random.of(SYMBOLS, 20).into()
    }),
    ("16 characters of most", |random| {
        random.of(SOME_SYMBOLS, 16).into()
    }),
    ("32 characters of most", |random| {
        random.of(SOME_SYMBOLS, 32).into()
    }),
    ("a PIN", |random| random.of("0123456789", 4).into()),
    ("a number", |random| random.next().to_string().into()),
    ("16 hexadecimal digits", |random| random.hex(16).into()),
    ("32 hexadecimal digits", |random| random.hex(32).into()),
    ("64 hexadecimal digits", |random| random.hex(64).into()),
    ("40 capital hexadecimal digits", |random| {
        random.hex(40).to_uppercase().into()
    }),
    ("a UUID", |random| random.uuid().into()),
    ("a UUID in brackets", |random| {
        format!("{{{}}}", random.uuid()).into()
    }),
    ("base64 of 16 bytes", |random| {
        STANDARD.encode(random.bytes(16)).into()
    }),
    ("base64 of 24 bytes", |random| {
        STANDARD.encode(random.bytes(24)).into()
    }),
    ("base64 of 32 bytes", |random| {
        STANDARD.encode(random.bytes(32)).into()
    }),
    ("base64 of 64 bytes", |random| {
        STANDARD.encode(random.bytes(64)).into()
    }),
    ("base64 of 30 bytes, not padded", |random| {
        STANDARD_NO_PAD.encode(random.bytes(30)).into()
    }),
    ("base64 for URLs of 32 bytes", |random| {
        URL_SAFE.encode(random.bytes(32)).into()
    }),
    ("base64 for URLs of 48 bytes, not padded", |random| {
        URL_SAFE_NO_PAD.encode(random.bytes(48)).into()
    }),
    ("base32 of 20 bytes", |random| random.of(BASE32, 32).into()),
    ("base58", |random| random.of(BASE58, 44).into()),
    ("four words", |random| random.words(" ", 4).into()),
    ("four words with hyphens", |random| {
        random.words("-", 4).into()
    }),
    ("four words in one", |random| random.words("", 4).into()),
    ("16 bytes", |random| random.bytes(16)),
    ("32 bytes", |random| random.bytes(32)),
    ("256 bytes", |random| random.bytes(256)),
    ("the bytes of a DER file", |random| {
        [b"\x30\x82\x01\x00".to_vec(), random.bytes(256)].concat()
    }),
    ("the bytes of a gzip file", |random| {
        [b"\x1f\x8b\x08\x00".to_vec(), random.bytes(256)].concat()
    }),
    ("10 syllables", |random| random.of(HANGUL, 10).into()),
    ("a token of GitHub", |random| {
        format!("ghp_{}", random.of(ALPHANUMERIC, 36)).into()
    }),
    ("an access key", |random| {
        format!("AKIA{}", random.of(BASE32, 16)).into()
    }),
    ("a JWT", |random| {
        let mut part = |count| URL_SAFE_NO_PAD.encode(random.bytes(count));
        format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", part(40), part(32)).into()
    }),
    ("the URL of a database", |random| {
        format!(
            "postgres://shop:{}@db.shop.svc:5432/shop?sslmode=require",
            random.of(URL, 20)
        )
        .into()
    }),
    ("a connection string", |random| {
        format!(
            "Endpoint=sb://shop.example.com/;SharedAccessKeyName=all;SharedAccessKey={}",
            STANDARD.encode(random.bytes(32))
        )
        .into()
    }),
    ("a hash of a password", |random| {
        format!(
            "$6${}${}",
            random.of(ALPHANUMERIC, 16),
            random.of(ALPHANUMERIC, 86)
        )
        .into()
    }),
    ("a file of JSON", |random| {
        json!({"key": random.of(SYMBOLS, 20), "id": random.uuid()})
            .to_string()
            .into()
    }),
    ("an env file", |random| {
        let mut text = String::new();
        for name in ["A", "B", "C"] {
            writeln!(text, "{name}={}", random.of(SOME_SYMBOLS, 24)).unwrap();
        }
        text.into()
    }),
];

#[test]
fn random_values_are_never_refused_and_hardly_ever_warned_of() {
    const EACH: usize = 200;
    assert_eq!(GENERATORS.len(), 50);
    let mut random = Random(0x5eed_0004);
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for (what, make) in GENERATORS {
        for _ in 0..EACH {
            let value = make(&mut random);
            for rule in rules("password", &value) {
                assert!(rule.ends_with('?'), "{what}: {rule}: {value:?}");
                *told.entry(format!("{what}: {rule}")).or_default() += 1;
            }
        }
    }
    let count: usize = told.values().sum();
    assert!(count * 1000 < GENERATORS.len() * EACH, "{count}: {told:?}");
}
