//! What the forms about views take.

use super::model::View;
use crate::actor::Actor;
use crate::web::context::Site;
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};
use crate::web::listed::Listed;
use crate::web::query::Pairs;

/// What an address has room for.
const QUERY_MAX: usize = 2000;

/// A view to be made.
#[derive(Debug, Clone)]
pub struct NewView {
    /// The list's address in the route table.
    pub list: &'static str,
    pub path: String,
    pub query: String,
    pub name: String,
    pub is_shared: bool,
}

impl NewView {
    /// All fields checked, all errors at once. The list is one that whoever asks may open.
    pub fn from_form(form: &Form, site: &Site, actor: &Actor) -> Result<NewView, Vec<FieldError>> {
        let mut check = form.check();
        let name = check.line("name", 1, 100);
        let path = form.get("path").trim().to_owned();
        let list = site.list_at(&path).filter(|list| list.is_open_to(actor));
        if list.is_none() {
            check.refuse("path", "must be the address of a list that you may open, such as /tenants");
        }
        let query = query(&mut check, form, list, &path);
        let is_shared = check.ticked("is_shared");
        check.finish(NewView { list: list.map_or("", |list| list.route), path, query, name, is_shared })
    }
}

/// A view as edited, and the version it was edited from. Of which list it is does not change.
#[derive(Debug, Clone)]
pub struct ViewPatch {
    pub version: i32,
    pub name: String,
    pub query: String,
    pub is_shared: bool,
}

impl ViewPatch {
    /// All fields checked, all errors at once, but for what the list alone knows; see [`unfit`].
    pub fn from_form(form: &Form) -> Result<ViewPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = ViewPatch {
            version: check.version(),
            name: check.line("name", 1, 100),
            query: without_place(&check.line("query", 0, QUERY_MAX)),
            is_shared: check.ticked("is_shared"),
        };
        check.finish(patch)
    }
}

/// What of an edited view does not fit its list, or whoever edits it.
pub fn unfit(form: &Form, view: &View, site: &Site, actor: &Actor) -> Vec<FieldError> {
    let mut check = form.check();
    let list = site.list_at(&view.path);
    if list.is_none() {
        check.refuse("base", "The list of this view is not there any more. It can only be deleted.");
    }
    let newly_shared = form.check().ticked("is_shared") && !view.is_shared;
    if newly_shared && !list.is_some_and(|list| list.is_open_to(actor)) {
        check.refuse("is_shared", "is for those who may open the list, which you may not any more");
    }
    query(&mut check, form, list, &view.path);
    check.finish(()).err().unwrap_or_default()
}

/// The filters as the list spells them, without the place in it.
fn query(check: &mut Check<'_>, form: &Form, list: Option<&Listed>, path: &str) -> String {
    let typed = form.get("query").trim().trim_start_matches('?');
    let known = list.map_or(Ok(String::new()), |list| list.check(path, typed));
    match known {
        Ok(query) if query.chars().count() > QUERY_MAX => {
            check.refuse("query", format!("may have {QUERY_MAX} characters at most, as it stands in an address"));
            query
        }
        Ok(query) => query,
        Err(why) => {
            check.refuse("query", format!("is not what this list understands. {why}"));
            String::new()
        }
    }
}

/// The same filters from the beginning of the list.
fn without_place(query: &str) -> String {
    let query = query.trim_start_matches('?');
    match Pairs::parse(query.as_bytes()) {
        Ok(pairs) => pairs.without("after").url("").trim_start_matches('?').to_owned(),
        Err(_) => query.to_owned(),
    }
}

/// The edit form of a stored view.
pub fn filled(view: &View) -> FormView {
    let version = view.version.to_string();
    let shared = if view.is_shared { "on" } else { "" };
    FormView::filled(&[("version", &version), ("name", &view.name), ("query", &view.query), ("is_shared", shared)])
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 1] =
    [("saved_views_name_key", "name", "is taken by another of your views of this list; choose a different one")];
