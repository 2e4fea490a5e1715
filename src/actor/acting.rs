//! In whose name somebody acts who is somebody else.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

/// What lets somebody act in the name of another person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActingKind {
    Delegation,
    Impersonation,
}

/// In whose name a session acts, as `control.session_authority` spells it.
#[derive(Debug, Clone, Deserialize)]
pub struct ActingFor {
    pub kind: ActingKind,
    /// The delegation or impersonation.
    pub id: Uuid,
    /// In whose name.
    pub user_id: Uuid,
    pub name: String,
    /// The one tenant that an impersonation reaches.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    #[serde(default)]
    pub tenant: Option<String>,
    pub until: Timestamp,
    /// Whether changes are possible, or only looking.
    pub may_write: bool,
    /// It ended, was taken away, or never began: no right is left, not even one's own.
    pub is_over: bool,
}

impl ActingFor {
    /// The id, when it is of this kind.
    pub fn id_of(&self, kind: ActingKind) -> Option<Uuid> {
        (self.kind == kind).then_some(self.id)
    }

    /// Whether somebody is impersonated, which differs from a delegation in what is open.
    pub fn is_impersonation(&self) -> bool {
        self.kind == ActingKind::Impersonation
    }
}
