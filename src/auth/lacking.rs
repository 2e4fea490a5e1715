//! Nobody gives what they lack: which rights somebody has, and which of some others do not have.

use diesel::prelude::*;
use serde::Deserialize;
use uuid::Uuid;

use crate::db::functions::authority_of;
use crate::db::{Json, Tx};
use crate::error::AppError;

#[derive(Debug, Deserialize)]
struct Authority {
    grants: Vec<String>,
}

/// What somebody may do, spelled as for their session.
pub fn grants(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<String>, AppError> {
    let Json(found): Json<Authority> = diesel::select(authority_of(user_id)).get_result(conn)?;
    Ok(found.grants)
}

/// Which of some rights the one who acts does not hold. The command line and jobs hold all.
pub fn lacking<P>(tx: &mut Tx<'_, P>, wanted: &[String]) -> Result<Vec<String>, AppError> {
    let by = tx.actor_id();
    lacked_by(tx, by, wanted)
}

fn lacked_by(conn: &mut PgConnection, by: Option<Uuid>, wanted: &[String]) -> Result<Vec<String>, AppError> {
    let Some(by) = by else { return Ok(Vec::new()) };
    let held = grants(conn, by)?;
    let lacks = |right: &&String| {
        !held.iter().any(|one| one == *right || Some(one) == wider(right).as_ref() || one == everywhere(right))
    };
    Ok(wanted.iter().filter(lacks).cloned().collect())
}

/// The name of a right, which is also what holding it everywhere is spelled as: that holds on each tenant, too.
pub fn everywhere(right: &str) -> &str {
    right.split('@').next().unwrap_or_default()
}

/// What is held on a tenant is held on each of its clients, too.
fn wider(right: &str) -> Option<String> {
    let (name, place) = right.split_once("@c:")?;
    let (_, tenant) = place.split_once(':')?;
    Some(format!("{name}@t:{tenant}"))
}

/// Makes a change that may give somebody rights, and refuses it, at a field of the form, when it gives what the one who
/// acts lacks.
pub fn not_given<P>(
    tx: &mut Tx<'_, P>,
    user_id: Uuid,
    field: &'static str,
    change: impl FnOnce(&mut Tx<'_, P>) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let before = grants(tx, user_id)?;
    change(tx)?;
    let gained: Vec<String> = grants(tx, user_id)?.into_iter().filter(|right| !before.contains(right)).collect();
    match names(&lacking(tx, &gained)?).as_slice() {
        [] => Ok(()),
        names => Err(AppError::Refused(
            field,
            format!(
                "would be given {} by a department or group, which you do not hold there yourself; nobody gives what \
                 they lack",
                few(names)
            ),
        )),
    }
}

/// Refuses, at a field of the form, the text of somebody's token to one who lacks what it opens, there where it opens it.
pub fn not_lent(
    conn: &mut PgConnection,
    by: Option<Uuid>,
    owner: Uuid,
    scopes: &[&str],
    field: &'static str,
) -> Result<(), AppError> {
    let opened: Vec<String> =
        grants(conn, owner)?.into_iter().filter(|right| scopes.contains(&everywhere(right))).collect();
    match names(&lacked_by(conn, by, &opened)?).as_slice() {
        [] => Ok(()),
        names => Err(AppError::Refused(
            field,
            format!(
                "would open {}, which you do not hold everywhere that the owner does; nobody gives what they lack",
                few(names)
            ),
        )),
    }
}

/// The names of rights, each once.
fn names(rights: &[String]) -> Vec<String> {
    let mut names: Vec<String> = rights.iter().map(|right| everywhere(right).to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

/// The first few of many, in words.
pub fn few(rights: &[String]) -> String {
    const NAMED: usize = 3;
    match rights.len() {
        0..=NAMED => rights.join(", "),
        many => format!("{} and {} more", rights[..NAMED].join(", "), many - NAMED),
    }
}
