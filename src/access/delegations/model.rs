//! A delegation as it is stored, and what of it holds.

use castellan_schema::control::delegations;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use jiff::Timestamp as Moment;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::access::roles::model::{Area, PrivilegeRow, areas};

/// What can have become of a delegation.
pub const STATES: [&str; 4] = ["scheduled", "active", "expired", "revoked"];
/// The longest window.
pub const LONGEST_DAYS: i64 = 90;

/// One delegation.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = delegations, check_for_backend(Pg))]
pub struct Delegation {
    pub id: Uuid,
    pub grantor_user_id: Uuid,
    pub delegate_user_id: Uuid,
    pub action_scope: Vec<Option<String>>,
    pub tenant_id: Option<Uuid>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub reason: String,
    pub times_used: i32,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_by: Option<Uuid>,
    pub created_at: Timestamp,
}

/// Whether it is looked at among all, or by one of the two people it is between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Anybodys,
    /// Given or received by whoever acts.
    Own,
}

impl Whose {
    /// The list that it stands in.
    pub fn list(self) -> &'static str {
        match self {
            Whose::Anybodys => "/delegations",
            Whose::Own => "/account/delegations",
        }
    }

    /// What that list is called.
    pub fn label(self) -> &'static str {
        match self {
            Whose::Anybodys => "Delegations",
            Whose::Own => "Your delegations",
        }
    }
}

impl Delegation {
    /// Its page.
    pub fn url(&self, whose: Whose) -> String {
        format!("{}/{}", whose.list(), self.id)
    }

    /// The names of the privileges it is for.
    pub fn scope(&self) -> Vec<String> {
        self.action_scope.iter().flatten().cloned().collect()
    }

    /// One of [`STATES`].
    pub fn state(&self) -> &'static str {
        let now = Moment::now();
        match self {
            _ if self.revoked_at.is_some() => "revoked",
            _ if self.ends_at.to_jiff() <= now => "expired",
            _ if self.starts_at.to_jiff() > now => "scheduled",
            _ => "active",
        }
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.state() {
            "active" => "ok",
            "scheduled" => "info",
            _ => "",
        }
    }

    /// Whether there is still something to revoke.
    pub fn is_open(&self) -> bool {
        matches!(self.state(), "active" | "scheduled")
    }

    /// How often somebody began to act under it, in words.
    pub fn uses(&self) -> String {
        match self.times_used {
            0 => "never".to_owned(),
            1 => "once".to_owned(),
            times => format!("{times} times"),
        }
    }

    /// Its window on a line from when it was made to its end.
    pub fn timeline(&self) -> Timeline {
        Timeline::of(self, Moment::now())
    }
}

/// A window drawn on a line: places from 0 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    pub begins: i64,
    /// Up to where it could be used.
    pub used_up: i64,
    pub width: i64,
    /// None before or after all of it.
    pub now: Option<i64>,
}

impl Timeline {
    fn of(delegation: &Delegation, now: Moment) -> Timeline {
        let at = |moment: Timestamp| moment.to_jiff().as_second();
        let (first, last) = (at(delegation.created_at).min(at(delegation.starts_at)), at(delegation.ends_at));
        let whole = (last - first).max(1);
        let place = |second: i64| ((second - first) * 1000 / whole).clamp(0, 1000);
        let begins = place(at(delegation.starts_at));
        let ends = delegation.revoked_at.map_or(1000, |revoked| place(at(revoked))).max(begins);
        let now = place(now.as_second());
        Timeline {
            begins,
            used_up: (now.min(ends) - begins).max(0),
            width: ends - begins,
            now: Some(now).filter(|now| *now < 1000 && delegation.revoked_at.is_none()),
        }
    }
}

/// One of the two people.
#[derive(Debug, Clone)]
pub struct Party {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    /// Whether they may be seen as people.
    pub is_known: bool,
}

/// A delegation with the names of everything it joins.
#[derive(Debug, Clone)]
pub struct Listed {
    pub delegation: Delegation,
    pub grantor: Party,
    pub delegate: Party,
    pub tenant: Option<String>,
}

impl Listed {
    /// The tenant that it is limited to, in words.
    pub fn place(&self) -> String {
        match (&self.tenant, self.delegation.tenant_id) {
            (Some(tenant), _) => tenant.clone(),
            (None, Some(_)) => "one tenant".to_owned(),
            (None, None) => "not limited".to_owned(),
        }
    }

    /// `Bob for Ada`.
    pub fn title(&self) -> String {
        format!("{} for {}", self.delegate.name, self.grantor.name)
    }
}

/// A privilege on a place that somebody holds and may hand on.
#[derive(Debug, Clone, QueryableByName)]
pub struct Held {
    #[diesel(sql_type = Text)]
    pub privilege_name: String,
    #[diesel(sql_type = Text)]
    pub scope_kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub tenant: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub client: Option<String>,
}

impl Held {
    /// Where, in words.
    pub fn place(&self) -> String {
        match (self.scope_kind.as_str(), &self.tenant, &self.client) {
            ("platform", ..) => "everywhere".to_owned(),
            (_, Some(tenant), Some(client)) => format!("{client} of {tenant}"),
            ("tenant", Some(tenant), None) => tenant.clone(),
            (kind, ..) => format!("one {kind}"),
        }
    }
}

/// A privilege of a scope, and where the grantor holds it at present.
#[derive(Debug, Clone)]
pub struct Scoped {
    pub name: String,
    pub description: String,
    pub places: Vec<String>,
}

/// How many places are named.
const PLACES: usize = 5;

impl Scoped {
    /// The places in one line; empty when it is not held any more.
    pub fn held(&self) -> String {
        let named = self.places.iter().take(PLACES).cloned().collect::<Vec<_>>().join(", ");
        match self.places.len().saturating_sub(PLACES) {
            0 => named,
            others => format!("{named} and {others} more"),
        }
    }
}

/// The scope of a delegation by area, each privilege with where it is held.
pub fn scoped(scope: &[String], described: Vec<PrivilegeRow>, held: &[Held]) -> Vec<(String, Vec<Scoped>)> {
    let gone = |name: &&String| !described.iter().any(|row| row.name == **name);
    let gone = scope.iter().filter(gone).map(|name| PrivilegeRow {
        name: name.clone(),
        description: String::new(),
        is_dangerous: false,
        log_reads: false,
    });
    let mut all: Vec<PrivilegeRow> = gone.collect();
    all.extend(described);
    all.sort_by(|one, other| one.name.cmp(&other.name));
    let worded = |row: PrivilegeRow| Scoped {
        places: held.iter().filter(|held| held.privilege_name == row.name).map(Held::place).collect(),
        name: row.name,
        description: row.description,
    };
    let area = |area: Area| (area.name, area.privileges.into_iter().map(worded).collect());
    areas(all).into_iter().map(area).collect()
}
