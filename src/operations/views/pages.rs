//! All views that somebody may open, and the way from a view to its list.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::model::{View, address};
use super::{KeepViews, store};
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::{Context, Site};
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell, see_other};
use crate::web::route::RowId;

/// What the list of views can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name",
    fields: &[
        Field { name: "whose", label: "whose", kind: FieldKind::Choice(&["own", "others"]) },
        Field { name: "list", label: "list", kind: FieldKind::Text },
    ],
    sorts: &["name", "-created_at"],
};

/// A view, and what its list is called.
struct Row {
    view: View,
    label: String,
    is_own: bool,
}

#[derive(Template)]
#[template(path = "operations/views/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    rows: Vec<Row>,
}

pub async fn index(can: Can<KeepViews>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let me = can.actor().user_id;
    let open: Vec<&'static str> =
        context.site().lists.iter().filter(|list| list.is_open_to(can.actor())).map(|list| list.route).collect();
    let (slice, count, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list, &open)?;
            // Everybody has views of their own, so that nobody else's count is theirs.
            let count = list.clone().counting(Default::default()).count(&slice, || store::count(conn, &list, &open))?;
            Ok((slice, count, list))
        })
        .await?;
    let mut view = list.view(&slice, count);
    view.offer("list", context.site().lists.iter().map(|list| list.route.to_owned()).collect());
    let row = |view: View| Row { label: label(context.site(), &view.path), is_own: Some(view.user_id) == me, view };
    let rows = slice.rows.into_iter().map(row).collect();
    let page = Index { shell: context.shell("Saved views"), list: view, rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

/// What a list is called: as in the navigation, else its address.
pub fn label(site: &Site, path: &str) -> String {
    site.nav.label_of(path).unwrap_or(path).to_owned()
}

/// Leads to the list with the filters of the view. What the list does not know any more is said, and not asked for.
pub async fn show(can: Can<KeepViews>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    let view = db.read(&can, move |conn| store::find(conn, id.0)).await?;
    let list = context.site().list_at(&view.path);
    let is_open = list.is_some_and(|list| list.is_open_to(can.actor()));
    if !is_open && can.actor().user_id != Some(view.user_id) {
        return Err(AppError::NotFound);
    }
    let Some(list) = list else {
        return Ok(see_other("/views", Flash::warn(format!("The list of “{}” is not there any more.", view.name))));
    };
    match list.check(&view.path, &view.query) {
        Ok(query) => {
            let place = address(&view.path, &query);
            Ok(HttpResponse::SeeOther().insert_header(("location", place)).finish())
        }
        Err(why) => {
            let said =
                format!("“{}” asks for what this list does not know any more. Nothing is filtered. {why}", view.name);
            Ok(see_other(&view.path, Flash::warn(said)))
        }
    }
}
