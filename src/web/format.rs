//! In which form a list is asked for, which the end of its address says.

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Page,
    Csv,
    Json,
    /// One JSON document a line.
    Ndjson,
}

impl Format {
    /// By an address or the pattern of a route.
    pub fn of(path: &str) -> Format {
        match path.rsplit_once('.') {
            Some((_, "csv")) => Format::Csv,
            Some((_, "json")) => Format::Json,
            Some((_, "ndjson")) => Format::Ndjson,
            _ => Format::Page,
        }
    }

    /// The address of the list's page.
    pub fn strip(path: &str) -> &str {
        [".csv", ".json", ".ndjson"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
    }
}
