//! What a leaf holds in place of values, so that they can be erased from the log and the tree still holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{Hash, hash_of, hash_text};

const ROW: u8 = 0x03;
const VALUE: u8 = 0x04;
const SALT: u8 = 0x05;

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Value {
    /// With its own salt, and its texts as PostgreSQL writes `jsonb`.
    Open {
        #[serde(with = "hash_text")]
        salt: Hash,
        before: Option<String>,
        after: Option<String>,
    },
    /// Of an erased value its commitment is left.
    Erased {
        #[serde(with = "hash_text")]
        commitment: Hash,
    },
}

impl Value {
    fn commitment(&self) -> Hash {
        match self {
            Value::Erased { commitment } => *commitment,
            Value::Open { salt, before, after } => {
                let mut hash = Sha256::new_with_prefix([VALUE]);
                hash.update(salt);
                for text in [before, after] {
                    match text {
                        None => hash.update([0]),
                        Some(text) => {
                            hash.update([1]);
                            add(&mut hash, text.as_bytes());
                        }
                    }
                }
                hash.finalize().into()
            }
        }
    }
}

/// What a row keeps to open its values, or to hold their place.
#[derive(Debug, Default)]
pub struct Secrets {
    pub salt: Option<Vec<u8>>,
    pub salts: Option<Json>,
    pub commitments: Option<Json>,
}

impl Secrets {
    /// Whether the value has been erased.
    pub fn has_erased(&self, name: &str) -> bool {
        self.commitments.as_ref().is_some_and(|erased| erased.get(name).is_some())
    }

    /// A salt that somebody took away makes a hash that is not the one in the tree, and so is found.
    fn own_salt(&self, name: &str) -> Hash {
        match &self.salt {
            Some(salt) => own_salt(salt, name),
            None => self.salts.as_ref().and_then(|salts| hash_in(salts, name)).unwrap_or_default(),
        }
    }
}

/// The salt of one value of a row, which opens no other.
pub fn own_salt(salt: &[u8], name: &str) -> Hash {
    Sha256::new_with_prefix([SALT]).chain_update(salt).chain_update(name).finalize().into()
}

/// The values of a row, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(pub BTreeMap<String, Value>);

impl Values {
    /// Those that are in the row, with their texts before and after, and those that were erased. What is in the row
    /// counts, whatever is said to be erased: else a forged value could hide behind the commitment of the true one.
    pub fn new(
        secrets: &Secrets,
        present: impl IntoIterator<Item = (String, Option<String>, Option<String>)>,
    ) -> Values {
        let erased = secrets.commitments.iter().filter_map(Json::as_object).flatten();
        let mut values: BTreeMap<String, Value> = erased
            .map(|(name, hash)| {
                let commitment = hash.as_str().and_then(hash_of).unwrap_or_default();
                (name.clone(), Value::Erased { commitment })
            })
            .collect();
        values.extend(present.into_iter().map(|(name, before, after)| {
            let salt = secrets.own_salt(&name);
            (name, Value::Open { salt, before, after })
        }));
        Values(values)
    }

    /// Whether one of them was erased.
    pub fn lack_some(&self) -> bool {
        self.0.values().any(|value| matches!(value, Value::Erased { .. }))
    }

    /// Erases those of these names that are still open, as the database does. Returns how many there were.
    pub fn erase(&mut self, names: &[String]) -> u64 {
        let mut erased = 0;
        for name in names {
            if let Some(value @ Value::Open { .. }) = self.0.get_mut(name) {
                *value = Value::Erased { commitment: value.commitment() };
                erased += 1;
            }
        }
        erased
    }

    /// The commitment of the row.
    pub fn commitment(&self) -> Hash {
        let mut hash = Sha256::new_with_prefix([ROW]);
        for (name, value) in &self.0 {
            add(&mut hash, name.as_bytes());
            hash.update(value.commitment());
        }
        hash.finalize().into()
    }
}

fn hash_in(object: &Json, name: &str) -> Option<Hash> {
    hash_of(object.get(name)?.as_str()?)
}

/// With its length before it, so that no two texts side by side can be taken for others.
fn add(hash: &mut Sha256, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hash.update(length.to_be_bytes());
    hash.update(bytes);
}
