//! The items of access reviews: assignments as they were, and what was decided about each.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod keeping;
pub mod model;
pub mod pages;
pub mod removal;
pub mod store;

use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};

/// Their pages, and what is decided about several at once.
pub fn routes() -> Vec<Route> {
    vec![
        post("/reviews/{id}/keeping", keeping::keep_several),
        post("/reviews/{id}/removal", removal::remove_several),
        get("/reviews/{id}/items/{item_id}", pages::show),
        post("/reviews/{id}/items/{item_id}/keeping", keeping::keep),
        get("/reviews/{id}/items/{item_id}/reduction/new", form_pages::new),
        post("/reviews/{id}/items/{item_id}/reduction", form_pages::create),
        get("/reviews/{id}/items/{item_id}/removal/new", ask::<actions::Removal>),
        post("/reviews/{id}/items/{item_id}/removal", act::<actions::Removal>),
    ]
}
