//! `/account/factors/recovery-codes`: making them, and showing them once.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::{hash, new_codes};
use crate::action::Action;
use crate::actor::Can;
use crate::auth::factors::model::Means;
use crate::auth::factors::pages::PATH;
use crate::auth::factors::store;
use crate::auth::{ChangeFactors, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "auth/recovery_codes/new.html")]
struct New {
    shell: Shell,
    means: Means,
}

#[derive(Template)]
#[template(path = "auth/recovery_codes/create.html")]
struct Create {
    shell: Shell,
    codes: Vec<String>,
}

pub async fn new(can: Can<ChangeFactors>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (user_id, _) = me(&can)?;
    let means = db.read(&can, move |conn| store::means(conn, user_id)).await?;
    page::ok(New { shell: context.shell("Make recovery codes").under("Your second factors", PATH), means }.render())
}

/// Answers with the codes themselves, for they are stored nowhere and shown only now.
pub async fn create(can: Can<ChangeFactors>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (user_id, _) = me(&can)?;
    let codes = new_codes();
    let hashes: Vec<String> = codes.iter().filter_map(|code| hash(code)).collect();
    let action = Action::on("factor.replace_recovery_codes", "user", user_id);
    db.write(&can, action, move |tx| store::replace_recovery_codes(tx, user_id, &hashes)).await?;
    page::ok(Create { shell: context.shell("Your recovery codes").under("Your second factors", PATH), codes }.render())
}
