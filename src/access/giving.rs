//! Nobody gives what they do not hold themselves.

use uuid::Uuid;

use crate::action::Action;
use crate::db::Tx;
use crate::error::AppError;

/// Where a right is to hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// None for everywhere.
    pub tenant_id: Option<Uuid>,
    /// A client of that tenant.
    pub client_id: Option<Uuid>,
}

impl Place {
    /// The same action in the history of its tenant and client.
    pub fn of(self, action: Action) -> Action {
        let action = self.tenant_id.into_iter().fold(action, Action::tenant);
        self.client_id.into_iter().fold(action, Action::client)
    }
}

/// How many of the missing privileges a message names.
const NAMED: usize = 5;

/// Refuses, at a field of the form, privileges that whoever acts does not hold on that place or a wider one.
pub fn check<P>(tx: &Tx<'_, P>, field: &'static str, privileges: &[String], place: Place) -> Result<(), AppError> {
    let holds = |name: &String| tx.actor().holds_on(name, place.tenant_id, place.client_id);
    let lacking: Vec<&str> = privileges.iter().filter(|name| !holds(name)).map(String::as_str).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let named = lacking.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let others = match lacking.len().saturating_sub(NAMED) {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    Err(AppError::Refused(
        field,
        format!("gives {named}{others}, which you do not hold there yourself; nobody gives what they lack"),
    ))
}
