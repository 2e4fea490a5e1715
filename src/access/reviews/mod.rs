//! Access reviews: campaigns in which people look at assignments and say which are still needed.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod store;

use crate::actor::Privilege;
use crate::web::edit::{edit, update};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};

/// See access reviews and what was decided in them.
pub struct ViewReviews;
/// Begin access reviews and say what is still needed. Whoever takes something away needs [`super::Manage`].
pub struct DecideReviews;
/// Take the evidence of access reviews out of the console.
pub struct ExportReviews;

impl Privilege for ViewReviews {
    const NAME: &'static str = "reviews.view";
    const DESCRIPTION: &'static str = "See access reviews and what was decided in them";
    const DELEGABLE: bool = true;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for DecideReviews {
    const NAME: &'static str = "reviews.decide";
    const DESCRIPTION: &'static str = "Begin access reviews and say which assignments are still needed";
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for ExportReviews {
    const NAME: &'static str = "reviews.export";
    const DESCRIPTION: &'static str = "Take the evidence of access reviews out as CSV and JSON";
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}

/// The entry in the navigation.
pub const NAV: NavItem =
    NavItem { label: "Reviews", href: "/reviews", key: "", privilege: ViewReviews::NAME, due: false };

/// Their pages; those of what they ask about are in `review_items`.
pub fn routes() -> Vec<Route> {
    vec![
        get("/reviews", pages::index).lists(&pages::LIST),
        get("/reviews/new", form_pages::new),
        post("/reviews", form_pages::create),
        get("/reviews/{id}.csv", pages::export),
        get("/reviews/{id}.json", pages::export),
        get("/reviews/{id}", pages::show).lists(&pages::ITEMS),
        get("/reviews/{id}/edit", edit::<forms::ReviewPatch>),
        post("/reviews/{id}", update::<forms::ReviewPatch>),
        get("/reviews/{id}/closing/new", ask::<actions::Closing>),
        post("/reviews/{id}/closing", act::<actions::Closing>),
    ]
}
