//! What is open while somebody impersonates a person of a tenant.

/// What a privilege opens to somebody who impersonates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impersonating {
    /// Nothing.
    Closed,
    /// Pages to look at.
    Looking,
    /// Changes, where acting was approved.
    Acting,
}

impl Impersonating {
    /// The spelling of column `privileges.while_impersonating`.
    pub fn as_str(self) -> &'static str {
        match self {
            Impersonating::Closed => "closed",
            Impersonating::Looking => "looking",
            Impersonating::Acting => "acting",
        }
    }
}
