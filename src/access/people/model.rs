//! A person as they are stored, their states, and what belongs to them.

use castellan_schema::control::{login_attempts, sessions, users};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// The states a person goes through.
pub const STATUSES: [&str; 5] = ["pending", "active", "locked", "suspended", "deactivated"];
/// Humans sign in, services act with tokens.
pub const KINDS: [&str; 2] = ["human", "service"];

/// Somebody who can sign in or act.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub struct Person {
    pub id: Uuid,
    pub kind: String,
    pub email: String,
    pub name: String,
    pub name_sort: String,
    pub status: String,
    pub is_staff: bool,
    pub locale: String,
    pub time_zone: String,
    pub email_verified_at: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
    pub failed_login_count: i32,
    pub locked_until: Option<Timestamp>,
    pub mfa_enabled: bool,
    pub version: i32,
    pub created_at: Timestamp,
}

impl Person {
    /// Their page.
    pub fn url(&self) -> String {
        format!("/people/{}", self.id)
    }

    /// The colour of their state: `ok`, `info`, `warn`, `bad` or none.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            "active" => "ok",
            "pending" => "info",
            "locked" => "warn",
            "suspended" => "bad",
            _ => "",
        }
    }

    /// What they are to the console.
    pub fn belongs(&self) -> &'static str {
        match (self.kind.as_str(), self.is_staff) {
            ("service", _) => "service",
            (_, true) => "staff",
            (_, false) => "tenant",
        }
    }

    /// Whether they sign in here with a password.
    pub fn may_have_a_password(&self) -> bool {
        self.kind == "human" && self.is_staff
    }

    /// Whether they are in one of these states.
    pub fn is_in(&self, statuses: &[&str]) -> bool {
        statuses.contains(&self.status.as_str())
    }
}

/// A tenant that a person belongs to, and as what.
#[derive(Debug, Clone, Queryable)]
pub struct Membership {
    pub tenant_id: Uuid,
    pub slug: String,
    pub workspace: String,
    pub role: String,
}

/// A browser that was signed in.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(Pg))]
pub struct Session {
    pub id: Uuid,
    pub user_id: Uuid,
    pub user_epoch: i32,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    pub user_agent_family: Option<String>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_reason: Option<String>,
    #[diesel(select_expression = users::authority_epoch)]
    pub epoch: i32,
}

impl Session {
    /// Its browser in words.
    pub fn browser(&self) -> &str {
        self.user_agent_family.as_deref().unwrap_or("Unknown")
    }

    /// Whether a request with it would be answered.
    pub fn is_alive(&self) -> bool {
        let now = jiff::Timestamp::now();
        let ends = self.idle_expires_at.to_jiff().min(self.absolute_expires_at.to_jiff());
        self.revoked_at.is_none() && ends > now && self.user_epoch == self.epoch
    }

    /// How it stands, in words.
    pub fn state(&self) -> String {
        match &self.revoked_reason {
            _ if self.is_alive() => "alive".into(),
            Some(reason) => reason.replace('_', " "),
            None if self.user_epoch != self.epoch => "account changed".into(),
            None => "expired".into(),
        }
    }
}

/// A session and whose it is, for its action.
#[derive(Debug, Clone)]
pub struct SessionOf {
    pub person: Person,
    pub session: Session,
}

/// One try to sign in.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = login_attempts, check_for_backend(Pg))]
pub struct SignIn {
    pub id: Uuid,
    pub occurred_at: Timestamp,
    pub outcome: String,
    pub network_hash: Option<Vec<u8>>,
    pub device_id: Option<Uuid>,
    pub request_id: Option<Uuid>,
}

impl SignIn {
    /// The colour of its outcome.
    pub fn tone(&self) -> &'static str {
        match self.outcome.as_str() {
            "success" => "ok",
            "throttled" | "inactive" => "warn",
            _ => "bad",
        }
    }

    /// Its outcome in words.
    pub fn said(&self) -> String {
        self.outcome.replace('_', " ")
    }

    /// Enough of the browser's identifier to see which tries came from the same one; empty for one never seen before.
    pub fn device(&self) -> String {
        self.device_id.map(|id| id.simple().to_string()[..8].to_owned()).unwrap_or_default()
    }

    /// Enough of the network's hash to see which tries came from the same one.
    pub fn network(&self) -> String {
        let bytes = self.network_hash.iter().flatten().take(4);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A way to prove who one is; never the secret itself.
#[derive(Debug, Clone, Queryable)]
pub struct Credential {
    pub id: Uuid,
    pub kind: String,
    pub label: String,
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl Credential {
    /// Its kind in words.
    pub fn named(&self) -> String {
        self.kind.replace('_', " ")
    }

    /// Whether using it now is its second time.
    fn is_used_up(&self) -> bool {
        let once = ["sign_in_link", "recovery_code", "invitation", "password_reset"];
        once.contains(&self.kind.as_str()) && self.used_at.is_some()
    }

    /// How it stands, in words.
    pub fn state(&self) -> &'static str {
        let is_over = self.expires_at.is_some_and(|at| at.to_jiff() <= jiff::Timestamp::now());
        match (self.revoked_at.is_some(), self.is_used_up(), is_over) {
            (_, true, _) => "used",
            (true, ..) => "revoked",
            (.., true) => "expired",
            _ => "valid",
        }
    }
}
