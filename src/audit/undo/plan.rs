//! Finding out what undoing an event takes, and doing it.

use std::collections::BTreeSet;

use diesel::PgConnection;
use uuid::Uuid;

use super::model::{self, Conflict, Plan, ROWS, Refusal};
use super::store::{self, Compared, Undoable};
use super::{Undo, stays};
use crate::actor::Actor;
use crate::audit::events;
use crate::audit::history::Event;
use crate::audit::net::{self, Kind, Net, Recorded};
use crate::auth::founders;
use crate::auth::reach::{Touched, measured};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::filters;

/// Tables of what happens because of an event: it stays, and is named.
const CONSEQUENCES: [&str; 3] = ["outbox", "job_queue", "sessions"];
/// Rows of these stay when they were made; when they were changed, the event cannot be undone.
const STAYING: [&str; 2] = ["users", "user_credentials"];
/// Columns that take a row out of sight.
const ENDS: [&str; 2] = ["deleted_at", "revoked_at"];

/// What undoing an event would take. Within the undoing, `own` is its event, and rows are kept as they are found.
pub fn plan(conn: &mut PgConnection, id: Uuid, own: Option<Uuid>, actor: &Actor) -> Result<Plan, AppError> {
    let event = events::store::find(conn, id)?;
    let undoable = store::undoable(conn)?;
    let recorded = store::recorded(conn, &event)?;
    let is_long = recorded.len() > ROWS;
    let folded = net::fold(recorded).rows;
    let known = |row: &Net| undoable.iter().any(|table| table.table_name == row.table);
    let (steps, others): (Vec<Net>, Vec<Net>) = folded.into_iter().partition(known);
    let steps: Vec<Net> = steps.into_iter().filter(|step| is_needed(step, &undoable)).collect();
    let stays = stays::of(conn, &event, &others)?;
    let is_authority = steps.iter().any(|step| touches_authority(step, &undoable));
    let mut plan = Plan { event, steps, is_authority, refusal: None, conflicts: Vec::new(), stays };
    plan.refusal = match of_event(conn, &plan, own, is_long)? {
        Some(refusal) => Some(refusal),
        None => of_rows(conn, &plan, &others, actor)?.map(|why| Refusal { why, event: None }),
    };
    if plan.refusal.is_none() {
        for step in &plan.steps {
            let found = store::compare(conn, step, own.is_some())?;
            plan.conflicts.extend(conflicts(conn, &plan.event, step, &found)?);
        }
    }
    Ok(plan)
}

/// A row that was made with another one goes out of sight with it, and what moves by itself is no change.
fn is_needed(step: &Net, undoable: &[Undoable]) -> bool {
    let removal = undoable.iter().find(|table| table.table_name == step.table).and_then(|table| table.removal.as_ref());
    match step.kind {
        Kind::Made => removal.is_some(),
        Kind::Changed => !model::former(step).is_empty() || !step.erased.is_empty() || model::lacks_secret(step),
        Kind::Removed => true,
    }
}

fn of_event(
    conn: &mut PgConnection,
    plan: &Plan,
    own: Option<Uuid>,
    is_long: bool,
) -> Result<Option<Refusal>, AppError> {
    let refuse = |why: &str, event| Ok(Some(Refusal { why: why.to_owned(), event }));
    let event = &plan.event;
    if event.is_read {
        return refuse("A read changes nothing, so there is nothing to undo.", None);
    }
    if event.outcome != "success" {
        return refuse("It did not succeed and changed nothing, so there is nothing to undo.", None);
    }
    if let Some(undone_by) = store::undone_by(conn, event.id, own)? {
        return refuse("It was undone already. To have it again, undo the event that undid it.", Some(undone_by));
    }
    if is_long {
        let rows = filters::thousands(ROWS as i64);
        return refuse(&format!("It changed more than {rows} rows, which is too much to be undone here."), None);
    }
    Ok(None)
}

fn of_rows(conn: &mut PgConnection, plan: &Plan, others: &[Net], actor: &Actor) -> Result<Option<String>, AppError> {
    let stands = |row: &&Net| {
        let is_consequence = CONSEQUENCES.contains(&row.table.as_str());
        !(is_consequence || row.kind == Kind::Made && STAYING.contains(&row.table.as_str()))
    };
    if let Some(other) = others.iter().find(stands) {
        return Ok(Some(format!(
            "It changed {}, which the log does not change back. Accounts, means to sign in, tokens, delegations and \
             deployments have pages of their own for that.",
            other.table
        )));
    }
    if plan.steps.is_empty() {
        return Ok(Some("It changed nothing that can be undone.".into()));
    }
    if let Some(step) = plan.steps.iter().find(|step| !step.erased.is_empty()) {
        let columns = step.erased.join(", ");
        return Ok(Some(format!(
            "Values of {} were erased from the log since ({columns}), so that what was before is not known.",
            step.table
        )));
    }
    if let Some(step) = plan.steps.iter().find(|step| model::lacks_secret(step)) {
        return Ok(Some(format!("It changed a secret of {}, which the log does not hold.", step.table)));
    }
    if plan.is_authority && !is_founder(conn, actor)? {
        return Ok(Some("It changed what rights rest on. Only founders undo that.".into()));
    }
    if store::system_roles(conn, &roles(&plan.steps))? > 0 {
        return Ok(Some("It changed a role that comes with the console, which keeps it up to date.".into()));
    }
    Ok(None)
}

fn touches_authority(step: &Net, undoable: &[Undoable]) -> bool {
    undoable.iter().any(|table| table.is_authority && table.table_name == step.table)
}

fn is_founder(conn: &mut PgConnection, actor: &Actor) -> Result<bool, AppError> {
    match actor.user_id {
        Some(id) => founders::is_one(conn, id),
        None => Ok(true),
    }
}

/// The roles whose rows, or the rows of whose privileges, are among these.
fn roles(steps: &[Net]) -> Vec<Uuid> {
    let role = |step: &Net| match step.table.as_str() {
        "roles" => step.row_id,
        "role_privileges" => id(step, "role_id"),
        _ => None,
    };
    steps.iter().filter_map(role).collect()
}

fn id(step: &Net, column: &str) -> Option<Uuid> {
    let held = [&step.key, &step.after, &step.before].into_iter().find_map(|columns| columns.get(column));
    held?.as_str()?.parse().ok()
}

fn conflicts(conn: &mut PgConnection, event: &Event, step: &Net, found: &Compared) -> Result<Vec<Conflict>, AppError> {
    let whole = |what| vec![(None, what)];
    let differing: Vec<(Option<String>, &'static str)> = match (&found.now, step.kind) {
        (None, Kind::Removed) => Vec::new(),
        (Some(_), Kind::Removed) => whole("exists again"),
        (None, _) => whole("is not there any more"),
        (Some(now), _) => {
            let expected = model::expected(step);
            let changed = expected.keys().filter(|column| found.expected.get(column) != now.get(column));
            let ends =
                |column: &&str| !expected.contains_key(*column) && now.get(column).is_some_and(|at| !at.is_null());
            let changed = changed.map(|column| (Some(column.clone()), "was changed since"));
            let ended = ENDS.iter().copied().filter(ends).map(|column| (Some(column.to_owned()), "was set since"));
            changed.chain(ended).collect()
        }
    };
    if differing.is_empty() {
        return Ok(Vec::new());
    }
    let later = store::later(conn, step, event)?;
    let conflict = |(column, what): (Option<String>, &'static str)| {
        let held = |value: Option<&serde_json::Value>| {
            column.as_deref().and_then(|column| model::cell(column, value?.get(column)))
        };
        Conflict {
            table: step.table.clone(),
            row_id: step.row_id,
            key: model::key(step),
            set_to: held(Some(&found.expected)),
            is_now: held(found.now.as_ref()),
            by: by(&later, column.as_deref()),
            column,
            what,
        }
    };
    Ok(differing.into_iter().map(conflict).collect())
}

/// The newest change of a column, or of the row.
fn by(later: &[Recorded], column: Option<&str>) -> Option<(Uuid, jiff_diesel::Timestamp)> {
    let touches = |change: &&Recorded| {
        let has = |value: &Option<serde_json::Value>| {
            column.is_none_or(|column| value.as_ref().is_some_and(|value| value.get(column).is_some()))
        };
        has(&change.before) || has(&change.after)
    };
    later.iter().find(touches).map(|change| (change.event_id, change.occurred_at))
}

/// Undoes an event under the event of this transaction, or says in a `Conflict` what stands against it.
pub fn undo(tx: &mut Tx<'_, Undo>, id: Uuid) -> Result<(), AppError> {
    store::take_turn(tx, id)?;
    let (own, actor) = (tx.event_id(), tx.actor().clone());
    let plan = plan(tx, id, Some(own), &actor)?;
    if let Some(why) = plan.objection() {
        return Err(AppError::Conflict(why));
    }
    match touched(&plan.steps) {
        Some(touched) => measured(tx, touched, |tx| take_back(tx, &plan)),
        None => take_back(tx, &plan),
    }
}

/// Last changes first, so that each row finds what it refers to.
fn take_back(tx: &mut Tx<'_, Undo>, plan: &Plan) -> Result<(), AppError> {
    for step in plan.steps.iter().rev() {
        match store::take_back(tx, step) {
            Ok(1) => {}
            Ok(_) => return Err(AppError::Conflict(format!("A row of {} is not there any more.", step.table))),
            Err(AppError::Constraint(name)) => return Err(AppError::Conflict(against(step, &name))),
            Err(error) => return Err(error),
        }
    }
    let mut loose = Vec::new();
    for step in &plan.steps {
        for end in store::loose_ends(tx, step, plan.event.occurred_at)? {
            loose.push(match end.kind.as_str() {
                "child" => format!(
                    "{} of {} made since belong to the row of {} that would go.",
                    filters::thousands(end.row_count),
                    end.other,
                    step.table
                ),
                _ => format!("A row of {} belongs to one of {} that is deleted.", step.table, end.other),
            });
        }
    }
    if !loose.is_empty() {
        loose.dedup();
        return Err(AppError::Conflict(loose.join(" ")));
    }
    if plan.is_authority { founders::keep_one(tx) } else { Ok(()) }
}

/// What a constraint says against putting a row back.
fn against(step: &Net, name: &str) -> String {
    let table = &step.table;
    let column = name.strip_prefix(&format!("{table}_")).unwrap_or(name);
    if let Some(column) = column.strip_suffix("_key") {
        let value = step.before.get(column).and_then(|value| value.as_str()).map(|value| format!(" ({value})"));
        return format!(
            "Another row of {table} has this {column} by now{}. Change that one first.",
            value.unwrap_or_default()
        );
    }
    match column.strip_suffix("_fkey") {
        Some(column) => {
            format!("What {column} of {table} refers to is not there, or something refers to the row that would go.")
        }
        None => format!("{table} does not allow the former values by now ({name})."),
    }
}

/// Whose rights this changes, where it is those of one person, role, group or department.
fn touched(steps: &[Net]) -> Option<Touched> {
    let of = |step: &Net| match step.table.as_str() {
        "roles" => step.row_id.map(|id| ("role", id)),
        "role_privileges" => id(step, "role_id").map(|id| ("role", id)),
        "group_memberships" | "department_memberships" => id(step, "user_id").map(|id| ("user", id)),
        _ => None,
    };
    let touched: BTreeSet<(&str, Uuid)> = steps.iter().filter_map(of).collect();
    let mut touched = touched.into_iter();
    match (touched.next(), touched.next()) {
        (Some(("role", id)), None) => Some(Touched::Role(id)),
        (Some((_, id)), None) => Some(Touched::Person(id)),
        _ => None,
    }
}
