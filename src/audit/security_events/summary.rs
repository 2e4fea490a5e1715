//! What a list of security events holds, counted as the log is.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::pages::{LIST, words_of};
use super::store::{self, SecurityEvent};
use crate::actor::Can;
use crate::audit::Glance;
use crate::audit::events::summary::{Asked, Value};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;

const LOG: &str = "/security-events";

const FIELDS: [Value<SecurityEvent>; 5] = [
    ("kind", |event| Some(event.kind.clone())),
    ("severity", |event| Some(event.severity.clone())),
    ("actor", |event| event.actor_id.map(|id| id.to_string())),
    ("tenant", |event| event.tenant_id.map(|id| id.to_string())),
    ("network", |event| event.network_hash.is_some().then(|| event.network_key())),
];

pub async fn show(can: Can<Glance>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let asked = Asked::of(&LIST, LOG, &context)?;
    asked.note(&can, &context, &db).await?;
    let (list, most) = asked.counted();
    let (events, words) = db
        .read(&can, move |conn| {
            let events = store::newest(conn, &list, most)?;
            let words = words_of(conn, Some(&list), &events)?;
            Ok((events, words))
        })
        .await?;
    asked.page(&context, "Security events", &events, &FIELDS, &words)
}
