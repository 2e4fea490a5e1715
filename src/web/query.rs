//! Query strings and form bodies as ordered pairs, decoded strictly.

/// Decoded `name=value` pairs in the order they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// Decodes `a=1&b=2`. The error names the field whose bytes are not UTF-8.
    pub fn parse(text: &[u8]) -> Result<Pairs, String> {
        let mut pairs = Vec::new();
        for part in text.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default()).ok_or("A field's name is not valid UTF-8 text.")?;
            let value =
                decode(halves.next().unwrap_or_default()).ok_or_else(|| format!("{name} is not valid UTF-8 text."))?;
            pairs.push((name, value));
        }
        Ok(Pairs(pairs))
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same pairs without a name.
    pub fn without(&self, name: &str) -> Pairs {
        Pairs(self.0.iter().filter(|(key, _)| key != name).cloned().collect())
    }

    /// The same pairs with one value for a name.
    pub fn with(&self, name: &str, value: &str) -> Pairs {
        let mut pairs = self.without(name);
        pairs.0.push((name.to_owned(), value.to_owned()));
        pairs
    }

    /// `path?a=1&b=2`, or the path alone.
    pub fn url(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let parts: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        format!("{path}?{}", parts.join("&"))
    }
}

fn decode(bytes: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        decoded.push(match (byte, hex_pair(tail)) {
            (b'+', _) => b' ',
            (b'%', Some(value)) => {
                rest = &tail[2..];
                value
            }
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let pair = bytes.get(..2)?;
    // The standard parser takes a sign, too.
    let digits = pair.iter().all(u8::is_ascii_hexdigit).then(|| std::str::from_utf8(pair).ok())??;
    u8::from_str_radix(digits, 16).ok()
}

/// Percent-encodes what is not plain in a query string; commas and dots stay readable.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' | b':' | b'/' | b'@' => {
                encoded.push(byte as char);
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A path of our own to go back to; anything that could lead elsewhere is ignored.
pub fn own_path(text: Option<&str>) -> Option<String> {
    let path = text?;
    let plain = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.chars().all(|c| !c.is_control())
        && path.len() <= 2000;
    plain.then(|| path.to_owned())
}
