//! The page of a row at a moment.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::forms::moment;
use super::model::{Line, State};
use super::store;
use crate::actor::Can;
use crate::audit::View;
use crate::audit::events::diff::Cell;
use crate::audit::events::pages::Words;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::form::{FieldError, FormView};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::page::{self, Shell};

/// A moment.
const ASKED: ListSpec =
    ListSpec { search: "", fields: &[Field { name: "at", label: "at", kind: FieldKind::Text }], sorts: &["name"] };

#[derive(Template)]
#[template(path = "audit/states/show.html")]
struct Show {
    shell: Shell,
    form: FormView,
    /// None when the moment is not accepted.
    found: Option<(State, Words)>,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let list = List::of(&ASKED, &context)?;
    let typed = list.values("at").join(",");
    let form = FormView::filled(&[("at", &typed)]);
    let shell = context.shell("At a moment").under("Audit log", "/audit");
    let at = match moment(&typed, Timestamp::now()) {
        Ok(at) => at.map(Into::into),
        Err(why) => {
            let form = form.refused(vec![FieldError::new("at", why)]);
            return page::html(StatusCode::UNPROCESSABLE_ENTITY, Show { shell, form, found: None }.render());
        }
    };
    let (state, words) = db
        .read(&can, move |conn| {
            let state = store::state(conn, *id, at)?;
            let mut words = Words::of(conn, &list, &[])?;
            words.learn(conn, &ids(&state.lines))?;
            Ok((state, words))
        })
        .await?;
    let title = state.name.clone().unwrap_or_else(|| state.row_id.to_string());
    let mut shell =
        shell.under(state.table_name.clone(), format!("/audit?target={}", state.row_id)).under(title.clone(), "");
    shell.title = title;
    page::ok(Show { shell, form, found: Some((state, words)) }.render())
}

/// Every id among the values, to be shown by name.
fn ids(lines: &[Line]) -> Vec<Uuid> {
    let id = |line: &Line| if let Some(Cell::Id(id)) = line.cell { Some(id) } else { None };
    lines.iter().filter_map(id).collect()
}
