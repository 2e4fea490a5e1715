//! Whether this process lives and whether it may be sent requests. For machines: no session, no page.

use std::time::Duration;

use actix_web::http::header::ACCEPT;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use tokio::time::timeout;

use crate::db::Db;
use crate::web::drain::Drain;

/// With fewer months of room in the log than this, somebody has to look before writing stops.
pub const MONTHS_NEEDED: i32 = 2;
const PATIENCE: Duration = Duration::from_secs(2);

/// `/livez`: the process answers.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// `/readyz`: 200, or 503 with what is wrong, a line each; JSON for those who ask for it.
pub async fn readyz(request: HttpRequest, db: Data<Db>, drain: Data<Drain>) -> HttpResponse {
    let problems = match drain.tell() {
        true => vec!["The process is ending.".to_owned()],
        false => problems(&db).await,
    };
    let mut answer = match problems.is_empty() {
        true => HttpResponse::Ok(),
        false => HttpResponse::ServiceUnavailable(),
    };
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("application/json") {
        return answer.json(json!({ "ready": problems.is_empty(), "problems": problems }));
    }
    let text = if problems.is_empty() { "ready".to_owned() } else { problems.join("\n") };
    answer.content_type("text/plain; charset=utf-8").body(text + "\n")
}

/// What keeps this process from answering pages.
pub async fn problems(db: &Db) -> Vec<String> {
    let health = match timeout(PATIENCE, db.health()).await {
        Err(_) => return vec![format!("The database did not answer within {} seconds.", PATIENCE.as_secs())],
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            return vec!["The database cannot be asked.".to_owned()];
        }
        Ok(Ok(health)) => health,
    };
    let mut problems = Vec::new();
    if health.pending > 0 {
        problems.push(format!("{} migrations are missing: run castellan migrate.", health.pending));
    }
    if health.months_ahead < MONTHS_NEEDED {
        problems.push(format!(
            "The log has room for {} months ahead and needs {MONTHS_NEEDED}: run castellan migrate, and see why the \
             job audit.ensure_partitions does not.",
            health.months_ahead.max(0)
        ));
    }
    problems
}
