//! What every page is made of: lists, forms, exports, fragments, errors, assets. Knows no domain.

pub mod assets;
pub mod bearer;
pub mod confirm;
pub mod conflict;
pub mod context;
pub mod drain;
pub mod edit;
pub mod effect;
pub mod errors;
pub mod export;
pub mod filters;
pub mod flash;
mod forbidden;
pub mod form;
pub mod format;
pub mod gate;
pub mod list;
pub mod list_view;
pub mod listed;
pub mod many;
pub mod memo;
pub mod nav;
pub mod noting;
pub mod opening;
pub mod outgoing;
pub mod page;
pub mod probing;
pub mod query;
pub mod receipt;
pub mod repeats;
pub mod route;
pub mod row_action;

pub use context::Context;
pub use form::{Form, FormView};
pub use list::{List, ListSpec};
pub use page::{Shell, see_other};
