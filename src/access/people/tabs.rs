//! The tabs of a person's page besides the first.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Credential, Session, SignIn};
use super::pages::Head;
use super::store;
use crate::access::View;
use crate::access::tokens::model::Token;
use crate::access::tokens::store as tokens;
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::auth::identities::model::Identity;
use crate::auth::identities::store as identities;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

const BY_CREATION: ListSpec = ListSpec { search: "", fields: &[], sorts: &["-created_at"] };
const BY_OCCURRENCE: ListSpec = ListSpec { search: "", fields: &[], sorts: &["-occurred_at"] };

#[derive(Template)]
#[template(path = "access/people/sessions.html", blocks = ["rows"])]
struct Sessions {
    shell: Shell,
    head: Head,
    list: ListView,
    sessions: Vec<Session>,
}

pub async fn sessions(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&BY_CREATION, &context)?;
    let (asker, window) = (can.clone(), list.window.clone());
    let (head, slice) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, &asker, *id, "sessions")?.whole()?;
            Ok((head, store::sessions(conn, *id, &window)?))
        })
        .await?;
    let list = list.view(&slice, slice.rows.len() as i64);
    let page = Sessions { shell: head.shell(&context), head, list, sessions: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "access/people/sign_ins.html", blocks = ["rows"])]
struct SignIns {
    shell: Shell,
    head: Head,
    list: ListView,
    sign_ins: Vec<SignIn>,
}

pub async fn sign_ins(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&BY_OCCURRENCE, &context)?;
    let (asker, window) = (can.clone(), list.window.clone());
    let (head, slice) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, &asker, *id, "sign-ins")?.whole()?;
            Ok((head, store::sign_ins(conn, *id, &window)?))
        })
        .await?;
    let list = list.view(&slice, slice.rows.len() as i64);
    let page = SignIns { shell: head.shell(&context), head, list, sign_ins: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "access/people/credentials.html")]
struct Credentials {
    shell: Shell,
    head: Head,
    identities: Vec<Identity>,
    providers: Vec<(String, String)>,
    credentials: Vec<Credential>,
}

pub async fn credentials(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let asker = can.clone();
    let (head, identities, credentials) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, &asker, *id, "credentials")?.whole()?;
            Ok((head, identities::history(conn, *id)?, store::credentials(conn, *id)?))
        })
        .await?;
    let providers = context.site().providers.clone();
    page::ok(Credentials { shell: head.shell(&context), head, identities, providers, credentials }.render())
}

#[derive(Template)]
#[template(path = "access/people/tokens.html", blocks = ["rows"])]
struct Tokens {
    shell: Shell,
    head: Head,
    list: ListView,
    tokens: Vec<Token>,
}

pub async fn tokens(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let list = List::of(&BY_CREATION, &context)?;
    let (asker, window) = (can.clone(), list.window.clone());
    let (head, slice) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, &asker, *id, "tokens")?.whole()?;
            Ok((head, tokens::of(conn, *id, &window)?))
        })
        .await?;
    let list = list.view(&slice, slice.rows.len() as i64);
    let page = Tokens { shell: head.shell(&context), head, list, tokens: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "access/people/history.html", blocks = ["rows"])]
struct History {
    shell: Shell,
    head: Head,
    list: ListView,
    history: Vec<Entry>,
}

pub async fn history(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let list = List::of(&BY_OCCURRENCE, &context)?;
    let (asker, window) = (can.clone(), list.window.clone());
    let (head, slice) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, &asker, *id, "history")?;
            Ok((head, history::page(conn, Of::Person(*id), &window)?))
        })
        .await?;
    let list = list.view(&slice, slice.rows.len() as i64);
    let page = History { shell: head.shell(&context), head, list, history: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}
