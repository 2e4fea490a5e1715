//! Ten codes on paper for the day on which the factor is lost. Each is used once.

pub mod pages;

use rand::RngExt;
use sha2::{Digest, Sha256};

use super::totp::grouped;

/// How many there are at a time.
pub const COUNT: usize = 10;
const BITS: usize = 128;
/// Letters that are not taken for one another: Crockford's base 32.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = BITS.div_ceil(5);

/// New codes, for showing once.
pub fn new_codes() -> Vec<String> {
    (0..COUNT).map(|_| grouped(&new_code(), 5, '-')).collect()
}

fn new_code() -> String {
    let mut rng = rand::rng();
    (0..LENGTH).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}

/// What is stored of a code, however it was typed; nothing when it cannot be one. It is random and long, so a bare
/// hash cannot be found by trying.
pub fn hash(typed: &str) -> Option<String> {
    let letters: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(plain).collect();
    let shaped = letters.len() == LENGTH && letters.bytes().all(|byte| LETTERS.contains(&byte));
    let digest = shaped.then(|| Sha256::digest(letters.as_bytes()))?;
    Some(base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, digest))
}

/// Reads what people mistake as what was meant.
fn plain(letter: char) -> char {
    match letter.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_long_different_and_read_as_people_type_them() {
        let codes = new_codes();
        assert_eq!(codes.len(), 10);
        for code in &codes {
            assert!(code.replace('-', "").len() * 5 >= 128);
            let typed = format!("  {} ", code.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l"));
            assert_eq!(hash(code), hash(&typed), "{code}");
            assert_eq!(codes.iter().filter(|other| *other == code).count(), 1);
        }
        for wrong in ["", "abc", "ü", &"u".repeat(LENGTH), &"a".repeat(LENGTH + 1)] {
            assert_eq!(hash(wrong), None, "{wrong}");
        }
    }
}
