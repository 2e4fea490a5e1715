//! `/account/sessions`.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::store::{self, OwnSession};
use crate::action::Action;
use crate::actor::Can;
use crate::auth::OwnAccount;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "auth/sessions/index.html")]
struct Index {
    shell: Shell,
    sessions: Vec<OwnSession>,
    current: Uuid,
}

const PATH: &str = "/account/sessions";

pub async fn index(can: Can<OwnAccount>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (user_id, current) = me(&can)?;
    let sessions = db.read(&can, move |conn| store::alive(conn, user_id)).await?;
    page::ok(Index { shell: context.shell("Your sessions"), sessions, current }.render())
}

pub async fn end(can: Can<OwnAccount>, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (user_id, _) = me(&can)?;
    let id = *id;
    let action = Action::on("session.end", "session", id);
    db.write(&can, action, move |tx| store::end(tx, user_id, id)).await?;
    Ok(see_other(PATH, Flash::ok("The session has ended.")))
}

pub async fn end_others(can: Can<OwnAccount>, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (user_id, current) = me(&can)?;
    let action = Action::on("session.end_others", "user", user_id);
    let ended = db.write(&can, action, move |tx| store::end_others(tx, user_id, current)).await?;
    Ok(see_other(PATH, Flash::ok(format!("{ended} other sessions have ended."))))
}

fn me(can: &Can<OwnAccount>) -> Result<(Uuid, Uuid), AppError> {
    let actor = can.actor();
    actor.user_id.zip(actor.session_id).ok_or(AppError::SignIn)
}
