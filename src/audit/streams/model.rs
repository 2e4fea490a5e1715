//! A stream as it is stored, and how far behind it is.

use castellan_schema::control::audit_streams;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::SignedDuration;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::config::Secret;
use crate::token::hex;

/// After so long without a delivery a stream gives up.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// After so long without a delivery somebody should look.
pub const LATE: SignedDuration = SignedDuration::from_hours(1);

/// One stream.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_streams, check_for_backend(Pg))]
pub struct Stream {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub address: String,
    pub state: String,
    pub secret_number: i32,
    pub overlap_ends_at: Option<Timestamp>,
    pub next_leaf: i64,
    pub checkpoint_size: i64,
    pub checkpoint_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
    pub failures: i32,
    pub failing_since: Option<Timestamp>,
    pub next_attempt_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub version: i32,
    pub created_at: Timestamp,
}

impl Stream {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/audit/streams/{}", self.id)
    }

    /// Its state in one word.
    pub fn word(&self) -> &str {
        match self.state.as_str() {
            "active" if self.failing_since.is_some() => "failing",
            state => state,
        }
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.word() {
            "active" => "ok",
            "failing" => "warn",
            "dead" => "bad",
            _ => "",
        }
    }

    /// Whether what is sent is signed.
    pub fn is_signed(&self) -> bool {
        self.kind == "https"
    }

    /// Until when the secret before this one signs as well.
    pub fn overlap(&self, now: jiff::Timestamp) -> Option<Timestamp> {
        self.overlap_ends_at.filter(|ends| ends.to_jiff() > now)
    }

    /// The secrets that sign at a moment, the newest first.
    pub fn secrets(&self, secret: &Secret, now: jiff::Timestamp) -> Vec<String> {
        let before = self.overlap(now).map(|_| self.secret_number - 1);
        [Some(self.secret_number), before].into_iter().flatten().map(|number| text(secret, self.id, number)).collect()
    }
}

/// The text of a secret. It is derived, so that none is stored: whoever has the database alone can sign nothing.
pub fn text(secret: &Secret, id: Uuid, number: i32) -> String {
    hex(&secret.hash("audit stream", format!("{id} {number}").as_bytes()))
}

/// What was not delivered yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lag {
    pub leaves: i64,
    /// When the first of them happened.
    pub since: Option<Timestamp>,
}

/// A stream and how far behind it is.
#[derive(Debug, Clone)]
pub struct Listed {
    pub stream: Stream,
    pub lag: Lag,
}
