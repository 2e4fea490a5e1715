//! What a database needs before the console can use it: schema, privileges, roles, a founder.

use std::sync::Arc;

use uuid::Uuid;

use crate::access::people::{self, NewStaff};
use crate::access::{Manage, roles};
use crate::action::Action;
use crate::actor::{Actor, ActorKind, Can};
use crate::auth::founders;
use crate::auth::password::Passwords;
use crate::config::{Config, FOUNDER};
use crate::db::Db;
use crate::error::AppError;
use crate::routes;

/// The address of the founder who is made when none is configured.
pub const DEVELOPMENT_FOUNDER: &str = "founder@example.com";

/// The right of a command to do this, under the command's own name.
pub fn authority(command: &str) -> Result<Can<Manage>, AppError> {
    Can::prove(Arc::new(Actor::process(ActorKind::Command, command)))
}

/// Tries before two processes that start at the same moment are taken for a real conflict.
const TRIES: usize = 5;

/// [`prepare_once`], again when another process was quicker with the same rows.
pub async fn prepare(db: &Db, config: &Config, passwords: &Passwords) -> Result<Option<(Uuid, String)>, AppError> {
    for _ in 1..TRIES {
        match prepare_once(db, config, passwords).await {
            Err(AppError::Constraint(_) | AppError::Conflict(_)) => {}
            done => return done,
        }
    }
    prepare_once(db, config, passwords).await
}

/// Syncs privileges and roles, and makes the founder if there is none and there can be one: the configured one, or
/// in development one without a password. Returns the founder that exists afterwards.
async fn prepare_once(db: &Db, config: &Config, passwords: &Passwords) -> Result<Option<(Uuid, String)>, AppError> {
    let can = authority("serve")?;
    roles::sync(db, &can, routes::privileges()).await?;
    if let Some(founder) = db.read(&can, founders::all).await?.into_iter().next() {
        return Ok(Some((founder.user_id, founder.email)));
    }
    let (email, password_hash) = match (&config.founder_email, &config.founder_password) {
        (Some(email), Some(password)) => (email.clone(), Some(passwords.hash_blocking(password)?)),
        _ if !config.is_secure() => (DEVELOPMENT_FOUNDER.to_owned(), None),
        _ => return Ok(None),
    };
    let new = NewStaff {
        id: Uuid::now_v7(),
        email: email.clone(),
        name: FOUNDER.into(),
        role: "founder".into(),
        password_hash,
        reason: "first start".into(),
    };
    let id = new.id;
    let action = Action::on("user.create", "user", id).reason("first start");
    db.write(&can, action, move |tx| people::add_staff(tx, &new)).await?;
    Ok(Some((id, email)))
}

/// A one-time sign-in address for a person.
pub async fn sign_in_link(db: &Db, config: &Config, command: &str, user_id: Uuid) -> Result<String, AppError> {
    let can = authority(command)?;
    let action = Action::on("user.make_sign_in_link", "user", user_id);
    let token = db.write(&can, action, move |tx| people::make_link(tx, user_id)).await?;
    Ok(format!("{}/sign-in/link/{token}", config.base()))
}
