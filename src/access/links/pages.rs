//! `/invitations/{token}` and `/password-resets/{token}`: where a link leads. Opening it uses nothing up, for mail
//! programs open links before people do.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::model::{Given, Kind, Link};
use super::store;
use crate::access::UseLink;
use crate::action::Action;
use crate::actor::{Actor, Can};
use crate::auth::chosen_password;
use crate::auth::password::Passwords;
use crate::db::{Db, SecurityKind};
use crate::error::AppError;
use crate::mail::token;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormView};
use crate::web::page::{self, Shell, see_other};
use crate::web::probing;

#[derive(Template)]
#[template(path = "access/links/show.html")]
struct Show {
    shell: Shell,
    link: Link,
    /// What somebody is invited to.
    given: Vec<Given>,
    form: FormView,
    /// The address of this page, token and all.
    here: String,
}

#[derive(Template)]
#[template(path = "access/links/gone.html")]
struct Gone {
    shell: Shell,
    why: &'static str,
    is_invitation: bool,
}

const UNKNOWN: &str = "This link is not complete, or was never sent. Open it from the mail once more.";

pub async fn show(
    can: Can<UseLink>,
    context: Context,
    db: Data<Db>,
    token: Path<String>,
) -> Result<HttpResponse, AppError> {
    match look_up(&can, &context, &db, &token).await? {
        Ok(link) => page::ok(form_page(&can, &context, &db, link, FormView::default()).await?.render()),
        Err(why) => gone(&context, why),
    }
}

pub async fn set_password(
    can: Can<UseLink>,
    context: Context,
    db: Data<Db>,
    (request, passwords): (HttpRequest, Data<Passwords>),
    token: Path<String>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let link = match look_up(&can, &context, &db, &token).await? {
        Ok(link) => link,
        Err(why) => {
            if probing::is_news(&request, SecurityKind::AuthnPasswordChangeFail) {
                let failure = chosen_password::failure(None, "by a link that does not count");
                let failure = failure.from_network(context.site().network_hash(&request));
                db.note_security(can.actor().clone(), failure).await;
            }
            return gone(&context, why);
        }
    };
    let password = match chosen_password::read(&form, ("password", "password_again"), &[&link.email, &link.name]) {
        Ok(password) => password,
        Err(errors) => {
            let page = form_page(&can, &context, &db, link, FormView::default().refused(errors)).await?;
            return page::html(StatusCode::UNPROCESSABLE_ENTITY, page.render());
        }
    };
    let hash = passwords.turn().await?.hash(password.0).await?;
    let kind = Kind::of_path(&context.path);
    // The link says who acts; they have no session yet.
    let actor = Actor::signing_in(link.user_id, context.actor.request_id);
    let can = Can::<UseLink>::prove(Arc::new(actor))?;
    let name = match kind {
        Kind::Invitation => "user.accept_invitation",
        Kind::PasswordReset => "user.set_password",
    };
    let action = Action::on(name, "user", link.user_id);
    let used = link.clone();
    match db.write(&can, action, move |tx| store::use_up(tx, kind, &used, &hash)).await {
        Ok(()) => {
            let lost: Vec<String> = given(&can, &db, kind, &link).await?.iter().filter_map(Given::lost).collect();
            let done = format!("Your password is set. Sign in as {} with it. {}", link.email, lost.join(" "));
            Ok(see_other("/sign-in", Flash::ok(done.trim())))
        }
        // Somebody was quicker.
        Err(AppError::NotFound) => match look_up(&can, &context, &db, &token).await? {
            Err(why) => gone(&context, why),
            Ok(_) => gone(&context, UNKNOWN),
        },
        Err(error) => Err(error),
    }
}

/// The link behind a token, or why it does not count.
async fn look_up(
    can: &Can<UseLink>,
    context: &Context,
    db: &Db,
    token: &str,
) -> Result<Result<Link, &'static str>, AppError> {
    let Some(id) = token::verify(&context.site().secret, token) else { return Ok(Err(UNKNOWN)) };
    let kind = Kind::of_path(&context.path);
    match db.read(can, move |conn| store::find(conn, kind, id)).await {
        Ok(link) => Ok(match link.trouble(kind) {
            None => Ok(link),
            Some(why) => Err(why),
        }),
        Err(AppError::NotFound) => Ok(Err(UNKNOWN)),
        Err(error) => Err(error),
    }
}

async fn form_page(
    can: &Can<UseLink>,
    context: &Context,
    db: &Db,
    link: Link,
    form: FormView,
) -> Result<Show, AppError> {
    let kind = Kind::of_path(&context.path);
    let title = match kind {
        Kind::Invitation => "Welcome to Castellan",
        Kind::PasswordReset => "A new password",
    };
    let given = given(can, db, kind, &link).await?;
    Ok(Show { shell: context.shell(title), link, given, form, here: context.path.clone() })
}

/// What an invitation is to. A new password changes nothing about that.
async fn given(can: &Can<UseLink>, db: &Db, kind: Kind, link: &Link) -> Result<Vec<Given>, AppError> {
    let user_id = link.user_id;
    match kind {
        Kind::Invitation => db.read(can, move |conn| store::given(conn, user_id)).await,
        Kind::PasswordReset => Ok(Vec::new()),
    }
}

/// 410, with what to do next.
fn gone(context: &Context, why: &'static str) -> Result<HttpResponse, AppError> {
    let is_invitation = Kind::of_path(&context.path) == Kind::Invitation;
    let page = Gone { shell: context.shell("This link does not work any more"), why, is_invitation };
    page::html(StatusCode::GONE, page.render())
}
