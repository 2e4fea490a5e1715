//! What an address asks about: `/exposure/{kind}/{id}`, or `exposure` below the page of a tenant, a client or a person.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

use super::kinds::{self, KINDS, Kind};
use crate::actor::{About, Can, Personal, Privilege};
use crate::db::Db;
use crate::error::AppError;

/// See the module.
#[derive(Clone, Copy)]
pub struct Address {
    pub kind: &'static Kind,
    pub id: Uuid,
}

impl Address {
    /// Leaves the event of the read, which says what it was about.
    pub async fn note<P: Privilege>(&self, db: &Db, can: &Can<P>) -> Result<(), AppError> {
        db.note_read_about(can, About::of(Personal::Of(self.kind.name), Some(self.id))).await
    }
}

impl FromRequest for Address {
    type Error = AppError;
    type Future = Ready<Result<Address, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

fn read(request: &HttpRequest) -> Result<Address, AppError> {
    let parameters = request.match_info();
    let kind = match parameters.get("kind") {
        Some(name) => kinds::named(name).ok_or_else(unknown)?,
        None => {
            let pattern = request.match_pattern().unwrap_or_default();
            pattern.rsplit_once("/exposure").and_then(|(page, _)| kinds::at(page)).ok_or(AppError::NotFound)?
        }
    };
    let id = parameters.get("id").and_then(|id| id.parse().ok()).ok_or(AppError::NotFound)?;
    Ok(Address { kind, id })
}

fn unknown() -> AppError {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    AppError::Unknown(format!("That is no kind of thing in the console. It has: {}.", names.join(", ")))
}
