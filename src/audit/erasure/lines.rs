//! Lines of archived months as the database reads them, and what it says that goes from them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::Batch;
use crate::audit::archives::file::Line;
use crate::audit::sealing::commitment::Values;
use crate::audit::sealing::proof::Change;
use crate::error::AppError;

/// A line without what proves it, which says nothing about anybody.
#[derive(Serialize)]
struct Said<'l> {
    data: &'l str,
    values: &'l Values,
    changes: &'l [Change],
}

/// A row or a change of one.
#[derive(Deserialize)]
struct Row {
    id: Uuid,
}

#[derive(Deserialize)]
struct Due {
    id: Uuid,
    names: Vec<String>,
}

/// What the database reads of lines.
pub fn text(lines: &[Line]) -> Result<String, AppError> {
    let said: Vec<Said> =
        lines.iter().map(|Line { data, values, changes, .. }| Said { data, values, changes }).collect();
    serde_json::to_string(&said).map_err(broken)
}

/// Erases from lines what the database found in them. Returns how many values that were.
pub fn erase(lines: &mut [Line], found: &[Batch]) -> Result<u64, AppError> {
    let mut names: HashMap<Uuid, Vec<String>> = HashMap::new();
    for batch in found {
        let rows: Vec<Due> = serde_json::from_str(&batch.batch).map_err(broken)?;
        names.extend(rows.into_iter().map(|row| (row.id, row.names)));
    }
    let mut erased = 0;
    for Line { data, values, changes, .. } in lines {
        let changes = changes.iter_mut().map(|change| (&change.data, &mut change.values));
        for (data, values) in changes.chain([(&*data, values)]) {
            let row: Row = serde_json::from_str(data).map_err(broken)?;
            erased += names.get(&row.id).map_or(0, |names| values.erase(names));
        }
    }
    Ok(erased)
}

fn broken(error: serde_json::Error) -> AppError {
    AppError::Internal(format!("A line of an archived month cannot be read: {error}."))
}
