//! In which form a list is asked for, which the end of its address says.

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Page,
    Csv,
    Json,
}

impl Format {
    /// By an address or the pattern of a route.
    pub fn of(path: &str) -> Format {
        match path.rsplit_once('.') {
            Some((_, "csv")) => Format::Csv,
            Some((_, "json")) => Format::Json,
            _ => Format::Page,
        }
    }

    /// The address of the list's page.
    pub fn strip(path: &str) -> &str {
        path.strip_suffix(".csv").or_else(|| path.strip_suffix(".json")).unwrap_or(path)
    }
}
