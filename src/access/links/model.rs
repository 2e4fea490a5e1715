//! A link, and whether it still counts.

use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::access::assignments::model::place;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Invitation,
    PasswordReset,
}

impl Kind {
    /// The kind whose links lie below this path.
    pub fn of_path(path: &str) -> Kind {
        match path.starts_with(Kind::Invitation.path()) {
            true => Kind::Invitation,
            false => Kind::PasswordReset,
        }
    }

    /// The spelling of column `kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Invitation => "invitation",
            Kind::PasswordReset => "password_reset",
        }
    }

    /// Where its links lead.
    pub fn path(self) -> &'static str {
        match self {
            Kind::Invitation => "/invitations/",
            Kind::PasswordReset => "/password-resets/",
        }
    }

    /// How long it can be used.
    pub fn hours(self) -> i64 {
        match self {
            Kind::Invitation => 72,
            Kind::PasswordReset => 1,
        }
    }

    /// The state of a person in which it can be used.
    pub(super) fn fitting_status(self) -> &'static str {
        match self {
            Kind::Invitation => "pending",
            Kind::PasswordReset => "active",
        }
    }
}

/// A role that somebody holds, and what became of where it holds.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Given {
    pub role: String,
    pub scope_kind: String,
    pub tenant: Option<String>,
    pub tenant_deleted_at: Option<Timestamp>,
    pub client: Option<String>,
    pub client_deleted_at: Option<Timestamp>,
}

impl Given {
    /// `support everywhere`, or `support on Bakery of Northwind`.
    pub fn words(&self) -> String {
        let place = place(&self.scope_kind, self.tenant.as_deref(), self.client.as_deref());
        match self.scope_kind.as_str() {
            "platform" => format!("{} {place}", self.role),
            _ => format!("{} on {place}", self.role),
        }
    }

    /// What to say when the tenant or the client was deleted since the role was given.
    pub fn lost(&self) -> Option<String> {
        let name = match (&self.tenant_deleted_at, &self.client_deleted_at) {
            (Some(_), _) => self.tenant.as_deref(),
            (None, Some(_)) => self.client.as_deref(),
            (None, None) => return None,
        };
        Some(format!(
            "{} was deleted after you were invited. The role {} there is kept for you, and is of use again once it is \
             restored; ask whoever invited you.",
            name.unwrap_or("What you were invited to"),
            self.role
        ))
    }
}

/// A link as it was sent, and to whom.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Link {
    pub id: Uuid,
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    pub status: String,
    pub expires_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl Link {
    /// Why it does not count any more; none when it does.
    pub fn trouble(&self, kind: Kind) -> Option<&'static str> {
        let is_over = self.expires_at.is_some_and(|at| at.to_jiff() <= jiff::Timestamp::now());
        match (self.used_at.is_some(), self.revoked_at.is_some(), is_over) {
            (true, ..) => Some("This link was used already. Sign in with the password that was set by it."),
            (_, true, _) => Some("This link was replaced by a newer one or taken back."),
            (.., true) => Some("This link is too old."),
            _ if self.status != kind.fitting_status() => Some("The account is in no state in which this link counts."),
            _ => None,
        }
    }
}
