//! What stands where an event stood that has left the database.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use uuid::Uuid;

use super::recorded::Recorded;
use crate::error::AppError;
use crate::web::filters;
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "audit/archives/gone.html")]
struct Gone {
    shell: Shell,
    id: Uuid,
    leaf: i64,
    recorded: Recorded,
}

/// 410, with the file that the event is in.
pub fn gone(shell: Shell, id: Uuid, (leaf, recorded): (i64, Recorded)) -> Result<HttpResponse, AppError> {
    page::html(StatusCode::GONE, Gone { shell, id, leaf, recorded }.render())
}
