//! What an event brought about that undoing it does not take back.

use diesel::PgConnection;
use uuid::Uuid;

use super::store;
use crate::audit::history::Event;
use crate::audit::net::{Kind, Net};
use crate::error::AppError;
use crate::web::filters;

/// A sentence for each, from the rows that are not taken back.
pub fn of(conn: &mut PgConnection, event: &Event, others: &[Net]) -> Result<Vec<String>, AppError> {
    let mut stays = letters(conn, event, count(others, "outbox", Kind::Made))?;
    let jobs: Vec<Uuid> = others.iter().filter(|row| row.table == "job_queue").filter_map(|row| row.row_id).collect();
    stays.extend(store::jobs(conn, &jobs)?.into_iter().map(|(kind, status)| format!("Job {kind}: {}.", ran(&status))));
    for (table, kind, one, many) in [
        ("sessions", Kind::Changed, "session ended and stays ended", "sessions ended and stay ended"),
        ("users", Kind::Made, "account that was made stays", "accounts that were made stay"),
        ("user_credentials", Kind::Made, "means to sign in stays", "means to sign in stay"),
    ] {
        match count(others, table, kind) {
            0 => {}
            1 => stays.push(format!("1 {one}.")),
            rows => stays.push(format!("{} {many}.", filters::thousands(rows as i64))),
        }
    }
    Ok(stays)
}

fn count(rows: &[Net], table: &str, kind: Kind) -> usize {
    rows.iter().filter(|row| row.table == table && row.kind == kind).count()
}

fn letters(conn: &mut PgConnection, event: &Event, posted: usize) -> Result<Vec<String>, AppError> {
    let known = store::letters(conn, event)?;
    let missing = posted.saturating_sub(known.len());
    let mut letters: Vec<String> = known
        .into_iter()
        .map(|(to, subject, status)| match status.as_str() {
            "sent" => format!("Mail to {to} was sent: {subject}."),
            "failed" => format!("Mail to {to} could not be sent: {subject}."),
            _ => format!("Mail to {to} waits and is sent all the same: {subject}."),
        })
        .collect();
    if missing > 0 {
        letters.push(format!("{missing} more letters were posted, which are no longer in the outbox."));
    }
    Ok(letters)
}

fn ran(status: &str) -> &'static str {
    match status {
        "succeeded" => "it ran, and what it did stays",
        "running" => "it runs, and goes on",
        "cancelled" => "it was cancelled",
        "failed" | "dead" => "it failed",
        _ => "it waits and runs all the same",
    }
}
