//! The proof that an event is in the log, for somebody who has a public key and nothing else.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use diesel::PgConnection;
use uuid::Uuid;

use super::pages::download;
use crate::actor::Can;
use crate::audit::archives::proving;
use crate::audit::{Prove, events, security_events};
use crate::db::Db;
use crate::error::AppError;

pub async fn of_event(can: Can<Prove>, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    prove(&can, &db, *id, |conn, id| events::store::find(conn, id).map(drop)).await
}

pub async fn of_security_event(can: Can<Prove>, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    prove(&can, &db, *id, |conn, id| security_events::store::find(conn, id).map(drop)).await
}

/// What `castellan audit prove` writes, for an event that is there.
async fn prove(
    can: &Can<Prove>,
    db: &Db,
    id: Uuid,
    find: fn(&mut PgConnection, Uuid) -> Result<(), AppError>,
) -> Result<HttpResponse, AppError> {
    let read = db.read(can, move |conn| {
        find(conn, id)?;
        if events::leaf_of(conn, id)?.is_none() {
            return Err(AppError::Conflict(
                "This event is not sealed yet, which takes a minute. Try again then.".into(),
            ));
        }
        proving::of(conn, id, None)
    });
    let text = read.await?.text().map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(download(&format!("castellan-audit-proof-{id}.json"), "application/json", text))
}
