//! Whether this process lives and whether it may be sent requests. For machines: no session, no page.

use std::time::Duration;

use actix_web::http::header::ACCEPT;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use tokio::time::timeout;

use crate::db::Db;
use crate::web::drain::Drain;

const PATIENCE: Duration = Duration::from_secs(2);

/// `/livez`: the process answers.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// What is wrong, a sentence each.
#[derive(Debug, Default)]
pub struct Said {
    /// Keeps this process from answering pages.
    pub problems: Vec<String>,
    /// Will, when nobody looks.
    pub warnings: Vec<String>,
}

impl Said {
    fn problem(what: impl Into<String>) -> Said {
        Said { problems: vec![what.into()], warnings: Vec::new() }
    }
}

/// `/readyz`: 200, or 503 with what is wrong, a line each; JSON for those who ask for it.
pub async fn readyz(request: HttpRequest, db: Data<Db>, drain: Data<Drain>) -> HttpResponse {
    let Said { problems, warnings } = match drain.tell() {
        true => Said::problem("The process is ending."),
        false => look(&db).await,
    };
    let mut answer = match problems.is_empty() {
        true => HttpResponse::Ok(),
        false => HttpResponse::ServiceUnavailable(),
    };
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("application/json") {
        return answer.json(json!({ "ready": problems.is_empty(), "problems": problems, "warnings": warnings }));
    }
    let ready = problems.is_empty().then(|| "ready".to_owned());
    let lines: Vec<String> = ready.into_iter().chain(problems).chain(warnings).collect();
    answer.content_type("text/plain; charset=utf-8").body(lines.join("\n") + "\n")
}

/// Asks the database. Where the log lacks a month, events of that month cannot be written, and nothing is done without
/// one: a process that lacks this month or the next is of no use, or soon is none. Later ones are time enough to be told.
pub async fn look(db: &Db) -> Said {
    let health = match timeout(PATIENCE, db.health()).await {
        Err(_) => return Said::problem(format!("The database did not answer within {} seconds.", PATIENCE.as_secs())),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            return Said::problem("The database cannot be asked.");
        }
        Ok(Ok(health)) => health,
    };
    let mut said = Said::default();
    if health.pending > 0 {
        said.problems.push(format!("{} migrations are missing: run castellan migrate.", health.pending));
    }
    if health.room.is_short() {
        let list = if health.room.months_ahead < 1 { &mut said.problems } else { &mut said.warnings };
        list.push(health.room.sentence());
    }
    said
}
