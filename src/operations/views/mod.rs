//! Saved views: lists with their filters that people come back to by a name, and share with everybody who may open the
//! list. A view is a question and never its answer, so it shows nobody more than they may see.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod menu;
pub mod model;
pub mod pages;
pub mod store;

use crate::actor::{Needs, Privilege};
use crate::web::edit::edit;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use actions::{Deletion, Removal};
use forms::ViewPatch;

/// Needed to keep views of one's own and to open those of others; every signed-in person has it, as themselves.
pub struct KeepViews;
/// Take away what others share. Views outlive the account of whoever shared them, so it is not left to their owners
/// alone.
pub struct ManageViews;

impl Privilege for KeepViews {
    const NAME: &'static str = "account.views";
    const DESCRIPTION: &'static str = "Keep views of lists and share them with who may open the list";
    const NEEDS: Needs = Needs::Session;
}

impl Privilege for ManageViews {
    const NAME: &'static str = "views.manage";
    const DESCRIPTION: &'static str = "Take away views of lists that others share";
    const DELEGABLE: bool = true;
    // They are of no tenant: what somebody shares is seen on the whole platform.
    const PLATFORM_ONLY: bool = true;
}

/// Their pages. A fixed word comes before `{id}`.
pub fn routes() -> Vec<Route> {
    vec![
        get("/views", pages::index).lists(&pages::LIST),
        get("/views/menu", menu::show),
        get("/views/new", form_pages::new),
        post("/views", form_pages::create),
        get("/views/{id}", pages::show),
        get("/views/{id}/edit", edit::<ViewPatch>),
        post("/views/{id}", form_pages::update),
        get("/views/{id}/deletion/new", ask::<Deletion>),
        post("/views/{id}/deletion", act::<Deletion>),
        get("/views/{id}/removal/new", ask::<Removal>),
        post("/views/{id}/removal", act::<Removal>),
    ]
}
