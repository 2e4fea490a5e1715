//! Blast radius: who gains and who loses what by a change, found out by making it.

use diesel::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::action::Reach;
use crate::db::Tx;
use crate::db::functions::{compare_rights, note_rights};
use crate::error::AppError;

/// Whose rights a change touches.
#[derive(Debug, Clone, Copy)]
pub enum Touched {
    /// Everybody who holds a role, whose privileges change.
    Role(Uuid),
    Person(Uuid),
    /// The members of a group.
    Group(Uuid),
    /// The members of a department.
    Department(Uuid),
    /// Everybody who holds what is unanswered in a campaign.
    Review(Uuid),
}

/// Rows that are spelled out on each side.
const SHOWN: i32 = 25;

/// Makes a change. When somebody looks at its effect, compares what the touched people may do before and after.
pub fn measured<P>(
    tx: &mut Tx<'_, P>,
    touched: Touched,
    change: impl FnOnce(&mut Tx<'_, P>) -> Result<(), AppError>,
) -> Result<(), AppError> {
    if !tx.is_watched() {
        return change(tx);
    }
    let (kind, id) = match touched {
        Touched::Role(id) => ("role", id),
        Touched::Person(id) => ("user", id),
        Touched::Group(id) => ("group", id),
        Touched::Department(id) => ("department", id),
        Touched::Review(id) => ("review", id),
    };
    let _: bool = diesel::select(note_rights(kind, id)).get_result(&mut **tx)?;
    change(tx)?;
    let found: Value = diesel::select(compare_rights(kind, SHOWN)).get_result(&mut **tx)?;
    let reach: Reach = serde_json::from_value(found).map_err(|error| AppError::Internal(error.to_string()))?;
    tx.reaches(reach);
    Ok(())
}
