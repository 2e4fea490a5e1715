//! What a new password may be: one rule for forms, the command line and settings.

use std::ops::RangeInclusive;

/// Fewest and most characters.
const LENGTH: RangeInclusive<usize> = 15..=256;
/// Shorter words are in every other sentence.
const WORD: usize = 4;
/// Words that by themselves, with whatever digits and signs between and behind, are guessed at once.
const COMMON: [&str; 16] = [
    "password",
    "passwort",
    "passw0rd",
    "iloveyou",
    "letmein",
    "welcome",
    "administrator",
    "admin",
    "qwertz",
    "qwerty",
    "azerty",
    "changeme",
    "secret",
    "sunshine",
    "monkey",
    "dragon",
];
/// Letters that may be left beside those.
const BESIDE: usize = 4;
/// Keys and letters in a row.
const ROWS: [&str; 5] = [
    "01234567890123456789012345678901234567890",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// A password that somebody chose for an account; never shown or kept.
pub struct NewPassword(pub String);

impl NewPassword {
    /// Everything that is wrong with it, at once, as ends of a sentence that begins with where it was typed. `known` is
    /// what the account is called: its address and its name.
    pub fn check(password: &str, known: &[&str]) -> Result<NewPassword, Vec<String>> {
        let mut faults = Vec::new();
        if !LENGTH.contains(&password.chars().count()) {
            let (fewest, most) = (LENGTH.start(), LENGTH.end());
            faults.push(format!("must have {fewest} to {most} characters; a few words are easy to remember"));
        }
        if let Some(word) = context_word(password, known) {
            faults.push(format!("may not contain “{word}”, which is the first thing others would try"));
        }
        let letters: Vec<char> = password.to_lowercase().chars().collect();
        if is_repeated(&letters) || is_a_row(&letters) || is_common(password) {
            faults.push(
                "may not be the same over and over, keys in a row, or a common password with something behind it"
                    .into(),
            );
        }
        if faults.is_empty() { Ok(NewPassword(password.to_owned())) } else { Err(faults) }
    }
}

/// The first part of name or address, or name of the product, that is in the password.
fn context_word(password: &str, known: &[&str]) -> Option<String> {
    let password = password.to_lowercase();
    let known = format!("castellan {}", known.join(" ")).to_lowercase();
    let mut words = known.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= WORD);
    words.find(|word| password.contains(word)).map(str::to_owned)
}

/// Twice the same or more, up to one character alone.
fn is_repeated(letters: &[char]) -> bool {
    (1..=letters.len() / 2).any(|period| letters.iter().zip(&letters[period..]).all(|(one, other)| one == other))
}

/// A part of a row, in either direction.
fn is_a_row(letters: &[char]) -> bool {
    let there: String = letters.iter().filter(|letter| !letter.is_whitespace()).collect();
    let back: String = there.chars().rev().collect();
    !there.is_empty() && ROWS.iter().any(|row| row.contains(&there) || row.contains(&back))
}

fn is_common(password: &str) -> bool {
    let whole = password.to_lowercase();
    let rest = COMMON.iter().fold(whole.clone(), |rest, word| rest.replace(word, ""));
    rest != whole && rest.chars().filter(|letter| letter.is_alphabetic()).count() <= BESIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_account_are_found_in_any_case() {
        let known = ["ada.lovelace@northwind.example", "Ada Zoë King"];
        for (password, word) in [
            ("my Castellan password", Some("castellan")),
            ("LOVELACE forever and ever", Some("lovelace")),
            ("cold north winds", None),
            ("northwind sells tea", Some("northwind")),
            ("ada zoë and a king", Some("king")),
            ("correct horse battery staple", None),
        ] {
            assert_eq!(context_word(password, &known).as_deref(), word, "{password}");
        }
    }

    #[test]
    fn what_others_try_first_is_refused() {
        let first = [
            "aaaaaaaaaaaaaaa",
            "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
            "passwordpassword",
            "Hunter2 Hunter2 Hunter2",
            "123456789012345",
            "987654321098765",
            "abcdefghijklmnop",
            "qwertyuiop asdfghjkl",
            "1q2w3e4r5t6y7u8i",
            "Password12345678!",
            "Administrator2026",
            "welcome-welcome1-admin",
        ];
        for password in first {
            assert_eq!(NewPassword::check(password, &[]).err().map(|faults| faults.len()), Some(1), "{password}");
        }
        for password in ["welcome to the jungle", "fifteen of char", "fourteen green bicycles", "314159265358979"] {
            assert!(NewPassword::check(password, &[]).is_ok(), "{password}");
        }
        assert_eq!(NewPassword::check("aaaa castellan", &[]).err().map(|faults| faults.len()), Some(2));
    }
}
