//! The text of an API token: `cst_<prefix>_<secret><checksum>`. By form and checksum a token is known wherever
//! somebody pastes it, without asking the database; only its hash is ever stored.

use rand::Rng;
use sha2::{Digest, Sha256};

const MARK: &str = "cst_";
const PREFIX: usize = 12;
const SECRET: usize = 64;
const CHECKSUM: usize = 8;
/// This much of a secret gives away that a text was meant to be one.
const TELLING: usize = 8;

/// A token that was just made. Its text is shown once.
pub struct NewToken {
    pub text: String,
    pub prefix: String,
    pub hash: [u8; 32],
}

impl NewToken {
    /// 256 random bits, and 48 to call it by.
    pub fn random() -> NewToken {
        let mut bytes = [0_u8; (PREFIX + SECRET) / 2];
        rand::rng().fill_bytes(&mut bytes);
        let (prefix, secret) = bytes.split_at(PREFIX / 2);
        let (prefix, secret) = (hex(prefix), hex(secret));
        let body = format!("{MARK}{prefix}_{secret}");
        let text = format!("{body}{}", checksum(&body));
        NewToken { hash: hash(&text), text, prefix }
    }
}

/// What is stored of a token. It is random, so a bare hash cannot be found by trying.
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether a text is a token of ours, whole and without a typing mistake.
pub fn is_whole(text: &str) -> bool {
    let is_long_enough = text.len() == MARK.len() + PREFIX + 1 + SECRET + CHECKSUM;
    is_long_enough && found(text) == Some((0, text.len())) && {
        let (body, sum) = text.split_at(text.len() - CHECKSUM);
        checksum(body) == sum
    }
}

/// Whether there is a token in a text, or a part of one that should not be repeated.
pub fn is_in(text: &str) -> bool {
    found(text).is_some()
}

/// A text in which nothing is left of secrets.
pub fn without(text: &str) -> String {
    let (mut rest, mut clean) = (text, String::with_capacity(text.len()));
    while let Some((from, to)) = found(rest) {
        clean.push_str(&rest[..from + MARK.len() + PREFIX + 1]);
        clean.push('…');
        rest = &rest[to..];
    }
    clean + rest
}

/// Where the first token, or beginning of one, starts and ends.
fn found(text: &str) -> Option<(usize, usize)> {
    text.match_indices(MARK).find_map(|(from, _)| {
        let rest = &text[from + MARK.len()..];
        let prefix = hex_digits(rest);
        let secret = rest.get(PREFIX..).filter(|_| prefix == PREFIX)?.strip_prefix('_')?;
        let length = hex_digits(secret);
        (length >= TELLING).then(|| (from, from + MARK.len() + PREFIX + 1 + length))
    })
}

fn hex_digits(text: &str) -> usize {
    text.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count()
}

fn checksum(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes())[..CHECKSUM / 2])
}

/// Two lower-case digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_form_and_checksum() {
        let token = NewToken::random();
        assert!(is_whole(&token.text) && is_in(&token.text), "{}", token.text);
        assert_eq!(token.hash, hash(&token.text));
        assert!(token.text.starts_with(&format!("cst_{}_", token.prefix)));
        let last = if token.text.ends_with('0') { '1' } else { '0' };
        let mistyped = format!("{}{last}", &token.text[..token.text.len() - 1]);
        for part in [&mistyped, &token.text[..40], &format!("{}0", token.text), &format!(" {}", token.text)] {
            assert!(!is_whole(part) && is_in(part), "{part}");
        }
        for other in ["", "cst_", "cst_northwind", "cst_0123456789ab_", "CST_0123456789AB_0123456789", "cst_é"] {
            assert!(!is_whole(other) && !is_in(other), "{other}");
        }
    }

    #[test]
    fn nothing_is_left_of_secrets() {
        let (one, two) = (NewToken::random(), NewToken::random());
        let text = format!("/go?q={}&x=y {}é", one.text, two.text);
        let clean = without(&text);
        assert_eq!(clean, format!("/go?q=cst_{}_…&x=y cst_{}_…é", one.prefix, two.prefix));
        assert_eq!(without("plain cst_ text"), "plain cst_ text");
    }
}
