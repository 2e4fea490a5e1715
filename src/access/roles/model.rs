//! A role as it is stored, and what it contains.

use castellan_schema::control::{privileges, roles};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// One role.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = roles, check_for_backend(Pg))]
pub struct Role {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    pub is_system: bool,
    pub mfa_required: bool,
    pub asks_read_reason: bool,
    pub version: i32,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl Role {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/roles/{}", self.id)
    }

    /// Everybody and everything that holds it.
    pub fn assignments_url(&self) -> String {
        format!("/assignments?role={}", self.id)
    }

    /// Whether it was deleted, which can be undone.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Where it comes from, in words.
    pub fn kind(&self) -> &'static str {
        if self.is_system { "comes with the console" } else { "made here" }
    }
}

/// A role with the names of its privileges.
#[derive(Debug, Clone)]
pub struct RoleOf {
    pub role: Role,
    pub privileges: Vec<String>,
}

/// A privilege that a role contains, and how it came there.
#[derive(Debug, Clone)]
pub struct Cell {
    pub role_id: Uuid,
    pub privilege: String,
    /// Declared in the code, as everything that system roles contain.
    pub is_built_in: bool,
    /// The role that it was copied from, with its name.
    pub copied_from: Option<(Uuid, String)>,
    /// Who gave it, where a person did.
    pub given_by: Option<Uuid>,
    /// The address of that person, where it may be seen.
    pub giver: Option<String>,
    pub given_at: Timestamp,
    pub event_id: Option<Uuid>,
}

impl Cell {
    /// How it came there, in a word or two.
    pub fn source(&self) -> &'static str {
        match (self.is_built_in, &self.copied_from) {
            (true, _) => "built in",
            (false, Some(_)) => "copied",
            (false, None) => "given",
        }
    }

    /// The same where there is room for a letter.
    pub fn mark(&self) -> &'static str {
        match self.source() {
            "built in" => "B",
            "copied" => "C",
            _ => "G",
        }
    }
}

/// A role with what it contains, as a column of the matrix.
#[derive(Debug, Clone)]
pub struct Column {
    pub role: Role,
    pub cells: Vec<Cell>,
}

impl Column {
    /// The cell of a privilege, if the role contains it.
    pub fn cell(&self, privilege: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.privilege == privilege)
    }

    /// How much of an area the role contains.
    pub fn contained(&self, area: &Area) -> usize {
        area.privileges.iter().filter(|privilege| self.cell(&privilege.name).is_some()).count()
    }
}

/// A role in the list, and how much hangs on it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub role: Role,
    pub privileges: i64,
    pub people: i64,
}

/// One privilege.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = privileges, check_for_backend(Pg))]
pub struct PrivilegeRow {
    pub name: String,
    pub description: String,
    /// Whether its use asks for elevation.
    pub is_dangerous: bool,
    /// Whether its use leaves an event though nothing changes.
    pub log_reads: bool,
}

/// The privileges of one area: what stands before the dot.
#[derive(Debug, Clone)]
pub struct Area {
    pub name: String,
    pub privileges: Vec<PrivilegeRow>,
}

/// All privileges by area; the names come sorted.
pub fn areas(privileges: Vec<PrivilegeRow>) -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    for privilege in privileges {
        let name = privilege.name.split('.').next().unwrap_or_default();
        match areas.last_mut().filter(|area| area.name == name) {
            Some(area) => area.privileges.push(privilege),
            None => areas.push(Area { name: name.to_owned(), privileges: vec![privilege] }),
        }
    }
    areas
}
