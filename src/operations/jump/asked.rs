//! What somebody pasted, told by its form.

use uuid::Uuid;

/// A guess at what it is. Only looking tells whether there is one.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    Id(Uuid),
    Email(String),
    Domain(String),
    Word(String),
}

impl Asked {
    /// Takes a mail link, an address in angle brackets or the address of a page for what is inside of it.
    pub fn of(text: &str) -> Asked {
        let text = text.trim().trim_matches(['<', '>', '"', '\'', '(', ')', ',', ';']);
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        if let Ok(id) = text.parse() {
            return Asked::Id(id);
        }
        let is_one_word = !text.contains(char::is_whitespace);
        if is_one_word && text.contains('@') && !text.contains("://") {
            return Asked::Email(text.to_owned());
        }
        let host = host(text);
        if is_one_word && host.split('.').count() > 1 && host.split('.').all(is_label) {
            return Asked::Domain(host.to_owned());
        }
        Asked::Word(text.to_owned())
    }
}

fn host(text: &str) -> &str {
    let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
    text.split(['/', '?', '#', ':']).next().unwrap_or(text)
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told() {
        let id = "0197a1b2-0000-7000-8000-000000000000";
        assert_eq!(Asked::of(&format!(" {id} ")), Asked::Id(id.parse().unwrap()));
        assert_eq!(Asked::of("mailto:ada@example.com"), Asked::Email("ada@example.com".into()));
        assert_eq!(Asked::of("<ada@example.com>"), Asked::Email("ada@example.com".into()));
        assert_eq!(Asked::of("https://acme.example.org:8443/a?b"), Asked::Domain("acme.example.org".into()));
        assert_eq!(Asked::of("acme.example.org"), Asked::Domain("acme.example.org".into()));
        assert_eq!(Asked::of("north-wind"), Asked::Word("north-wind".into()));
        assert_eq!(Asked::of("Acme Inc."), Asked::Word("Acme Inc.".into()));
        assert_eq!(Asked::of("a..b"), Asked::Word("a..b".into()));
    }
}
