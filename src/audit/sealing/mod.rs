//! The log as evidence: its rows are leaves of a Merkle tree whose states are signed. What outsiders have to know to
//! check it without this program is in docs/audit-log.md.

pub mod commitment;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod store;
pub mod tree;
pub mod verification;

use crate::token::hex;

/// SHA-256.
pub type Hash = [u8; 32];

/// As documents write a hash: 64 lower-case digits.
pub mod hash_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::{Hash, hash_of};

    /// For `#[serde(with)]`.
    pub fn serialize<S: Serializer>(hash: &Hash, out: S) -> Result<S::Ok, S::Error> {
        super::hex(hash).serialize(out)
    }

    /// For `#[serde(with)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(source)?;
        hash_of(&text).ok_or_else(|| de::Error::custom("a hash has 64 lower-case hexadecimal digits"))
    }
}

/// The hash that 64 lower-case digits stand for.
pub fn hash_of(text: &str) -> Option<Hash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}
