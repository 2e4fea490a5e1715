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
use crate::web::form::Form;
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "auth/sessions/index.html")]
struct Index {
    shell: Shell,
    sessions: Vec<OwnSession>,
    current: Uuid,
    /// API tokens that work.
    tokens: i64,
}

/// The list of them.
pub const PATH: &str = "/account/sessions";

pub async fn index(can: Can<OwnAccount>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (user_id, current) = me(&can)?;
    let (sessions, tokens) =
        db.read(&can, move |conn| Ok((store::alive(conn, user_id)?, store::working_tokens(conn, user_id)?))).await?;
    page::ok(Index { shell: context.shell("Your sessions"), sessions, current, tokens }.render())
}

pub async fn end(can: Can<OwnAccount>, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (user_id, _) = me(&can)?;
    let id = *id;
    let action = Action::on("session.end", "session", id);
    db.write(&can, action, move |tx| store::end(tx, user_id, id)).await?;
    Ok(see_other(PATH, Flash::ok("The session has ended.")))
}

/// With `api_tokens` ticked, programs are signed out, too.
pub async fn end_others(can: Can<OwnAccount>, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let (user_id, current) = me(&can)?;
    let with_tokens = form.check().ticked("api_tokens");
    let action = Action::on("session.end_others", "user", user_id);
    let (ended, revoked) = db
        .write(&can, action, move |tx| {
            let ended = store::end_others(tx, user_id, current)?;
            Ok((ended, if with_tokens { store::revoke_tokens(tx, user_id)? } else { 0 }))
        })
        .await?;
    let sessions = counted(ended, "other session has ended", "other sessions have ended");
    let done = match with_tokens {
        true => format!("{sessions}, and {}.", counted(revoked, "API token is revoked", "API tokens are revoked")),
        false => format!("{sessions}."),
    };
    Ok(see_other(PATH, Flash::ok(done)))
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn me(can: &Can<OwnAccount>) -> Result<(Uuid, Uuid), AppError> {
    let actor = can.actor();
    actor.user_id.zip(actor.session_id).ok_or(AppError::SignIn)
}
