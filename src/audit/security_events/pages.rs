//! The list of security events.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::store::{self, SecurityEvent};
use crate::actor::Can;
use crate::audit::{View, history};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "kind", label: "kind", kind: FieldKind::Text },
        Field { name: "severity", label: "severity", kind: FieldKind::Choice(&["info", "warning", "critical"]) },
        Field { name: "occurred", label: "occurred", kind: FieldKind::Days },
    ],
    sorts: &["-occurred_at"],
};

#[derive(Template)]
#[template(path = "audit/security_events/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    events: Vec<SecurityEvent>,
    people: HashMap<Uuid, String>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, people, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let people = history::names(conn, slice.rows.iter().filter_map(|event| event.actor_id))?;
            Ok((slice, people, list))
        })
        .await?;
    let view = list.view(&slice, slice.rows.len() as i64);
    let page = Index { shell: context.shell("Security events"), list: view, events: slice.rows, people };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}
