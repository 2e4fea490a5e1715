//! What a person can prove themselves with.

use castellan_schema::control::user_credentials;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// A second factor as its owner sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = user_credentials, check_for_backend(Pg))]
pub struct Factor {
    pub id: Uuid,
    pub kind: String,
    pub label: String,
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl Factor {
    /// The kind in words.
    pub fn kind_name(&self) -> &'static str {
        match self.kind.as_str() {
            "totp" => "Authenticator app",
            _ => "Passkey",
        }
    }
}

/// Which proofs somebody can give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Means {
    pub password: bool,
    pub totp: bool,
    pub passkeys: bool,
    /// Those not used yet.
    pub recovery_codes: usize,
}

impl Means {
    /// Whether there is a second factor. Recovery codes stand in for one and are none themselves.
    pub fn has_factor(&self) -> bool {
        self.totp || self.passkeys
    }
}

/// An authenticator app with its sealed seed.
#[derive(Debug, Clone)]
pub struct App {
    pub id: Uuid,
    pub seed: String,
    /// The thirty seconds whose code was used last.
    pub last_step: i64,
}
