//! A token as it is stored, without what is secret of it.

use castellan_schema::control::{api_token_usage, api_tokens, users};
use diesel::pg::Pg;
use diesel::prelude::*;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp as Moment};
use jiff_diesel::Timestamp;
use serde_json::json;
use uuid::Uuid;

/// Live ones work. A replaced one does for as long as it overlaps with its successor.
pub const STATES: [&str; 4] = ["live", "overlapping", "expired", "revoked"];
/// Days without use after which one is worth a question.
pub const UNUSED_DAYS: i64 = 90;
/// How far back its use is drawn.
pub const USAGE_DAYS: i64 = 14;

/// One token.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_tokens, check_for_backend(Pg))]
pub struct Token {
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    pub prefix: String,
    pub scopes: Vec<Option<String>>,
    pub allowed_networks: Vec<Option<IpNet>>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub rotated_from: Option<Uuid>,
    pub overlap_ends_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Token {
    /// Its page among all.
    pub fn url(&self) -> String {
        format!("/tokens/{}", self.id)
    }

    /// Its page in its owner's account.
    pub fn own_url(&self) -> String {
        format!("/account/tokens/{}", self.id)
    }

    /// What is shown of its text.
    pub fn shown(&self) -> String {
        format!("cst_{}_…", self.prefix)
    }

    /// The privileges it is scoped to.
    pub fn scopes(&self) -> Vec<&str> {
        self.scopes.iter().flatten().map(String::as_str).collect()
    }

    /// Where it may be used from; empty for anywhere.
    pub fn networks(&self) -> Vec<String> {
        self.allowed_networks.iter().flatten().map(IpNet::to_string).collect()
    }

    /// One of [`STATES`].
    pub fn state(&self) -> &'static str {
        let past = |at: Option<Timestamp>| at.is_some_and(|at| at.to_jiff() <= Moment::now());
        match self {
            _ if self.revoked_at.is_some() => "revoked",
            _ if past(self.expires_at) || past(self.overlap_ends_at) => "expired",
            _ if self.overlap_ends_at.is_some() => "overlapping",
            _ => "live",
        }
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.state() {
            "live" => "ok",
            "overlapping" => "warn",
            _ => "",
        }
    }

    /// Whether a request with it is let in, as far as the token goes.
    pub fn works(&self) -> bool {
        matches!(self.state(), "live" | "overlapping")
    }

    /// When it ends, whichever end comes first.
    pub fn ends_at(&self) -> Option<Timestamp> {
        match (self.expires_at, self.overlap_ends_at) {
            (Some(one), Some(other)) if other.to_jiff() < one.to_jiff() => Some(other),
            (None, other) => other,
            (one, _) => one,
        }
    }

    /// How long it was made for; none for ever.
    pub fn lifetime(&self) -> Option<SignedDuration> {
        self.expires_at.map(|at| at.to_jiff().duration_since(self.created_at.to_jiff()))
    }
}

/// Whom a token speaks for.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub struct Owner {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub kind: String,
}

impl Owner {
    /// Its page among people.
    pub fn url(&self) -> String {
        format!("/people/{}", self.id)
    }

    /// A service has no browser, so its tokens are made and rotated by staff.
    pub fn is_service(&self) -> bool {
        self.kind == "service"
    }
}

/// A token and its owner.
#[derive(Debug, Clone)]
pub struct Listed {
    pub token: Token,
    pub owner: Owner,
}

/// How often it was used in one hour.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_token_usage, check_for_backend(Pg))]
pub struct Hour {
    pub hour: Timestamp,
    pub requests: i32,
    pub refused: i32,
}

/// The hours as a chart takes them, with zeros where nothing was asked for.
pub fn series(hours: &[Hour], now: Moment) -> String {
    const HOUR: i64 = 3600;
    let last = now.as_second().div_euclid(HOUR) * HOUR;
    let all: Vec<i64> = (0..USAGE_DAYS * 24).rev().map(|back| last - back * HOUR).collect();
    let line = |value: fn(&Hour) -> i32| -> Vec<i32> {
        let found = |at: &i64| hours.iter().find(|hour| hour.hour.to_jiff().as_second() == *at);
        all.iter().map(|at| found(at).map_or(0, value)).collect()
    };
    let lines = [line(|hour| hour.requests), line(|hour| hour.refused)];
    let colours = ["--tblr-link-color", "--dot-bad"];
    json!({ "x": all, "y": lines, "labels": ["let in", "refused"], "colours": colours }).to_string()
}
