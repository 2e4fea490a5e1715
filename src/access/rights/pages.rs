//! `/people/{id}/access`: what a person may do, and why.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{self, Belonging, Right, hindrance, rights};
use super::store;
use crate::access::View;
use crate::access::assignments::model::{Assignment, Principal};
use crate::access::assignments::store as assignments;
use crate::access::delegations::model::Listed;
use crate::access::delegations::reading as delegations;
use crate::access::people::pages::Head;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "access/rights/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    /// Why none of it counts; empty when it does.
    hindrance: &'static str,
    assignments: Vec<Assignment>,
    belongings: Vec<Belonging>,
    paths: Vec<model::Path>,
    rights: Vec<Right>,
    /// For whom they may act, and who may act for them.
    received: Vec<Listed>,
    given: Vec<Listed>,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (id, asker) = (*id, can.clone());
    let page = db
        .read(&can, move |conn| {
            let head = Head::load(conn, &asker, id, "access")?;
            let paths = store::paths(conn, id)?;
            let (given, received) = delegations::of_person(conn, id)?.into_iter().partition(|row| row.grantor.id == id);
            Ok(Show {
                shell: head.shell(&context),
                hindrance: hindrance(&head.person),
                assignments: assignments::of(conn, Principal::Person(id))?,
                belongings: store::belongings(conn, id)?,
                rights: rights(&paths),
                received,
                given,
                paths,
                head,
            })
        })
        .await?;
    page::ok(page.render())
}
