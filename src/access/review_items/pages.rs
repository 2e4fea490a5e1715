//! One item: what was held, how it was used, and what was decided.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::Item;
use super::store;
use crate::access::reviews::ViewReviews;
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::form::FormView;
use crate::web::page::{self, Crumb, Shell};

/// The pages above one that hangs below an item.
pub fn trail(item: &Item, here: &str) -> Vec<Crumb> {
    let mut trail = vec![
        Crumb { label: "Reviews".into(), href: "/reviews".into() },
        Crumb { label: item.review.clone(), href: item.review_url() },
        Crumb { label: item.named(), href: if here.is_empty() { String::new() } else { item.url() } },
    ];
    if !here.is_empty() {
        trail.push(Crumb { label: here.into(), href: String::new() });
    }
    trail
}

#[derive(Template)]
#[template(path = "access/review_items/show.html")]
struct Show {
    shell: Shell,
    item: Item,
    form: FormView,
    /// The asker holds the assignment, so that somebody else decides.
    is_mine: bool,
    who: HashMap<Uuid, String>,
    history: Vec<Entry>,
}

impl Show {
    fn name(&self, id: Option<&Uuid>) -> &str {
        id.and_then(|id| self.who.get(id)).map(String::as_str).unwrap_or_default()
    }
}

pub async fn show(
    can: Can<ViewReviews>,
    context: Context,
    db: Data<Db>,
    path: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, AppError> {
    let (review_id, id) = path.into_inner();
    let me = can.actor().user_id;
    let page = db
        .read(&can, move |conn| {
            let item = store::of_review(conn, review_id, id)?;
            let mut shell = context.shell(item.named());
            shell.trail = trail(&item, "");
            Ok(Show {
                shell,
                form: FormView::filled(&[("return_to", &context.return_to().unwrap_or_default())]),
                is_mine: store::held_by(conn, me)?.contains(&item.assignment_id),
                who: history::names(conn, [item.granted_by, item.decided_by].into_iter().flatten())?,
                history: history::latest(conn, Of::Target(item.assignment_id), 10)?,
                item,
            })
        })
        .await?;
    page::ok(page.render())
}
