//! Undo: what an event changed is changed back, by an event of its own. Refused with the list of what stands against it
//! where rows changed since. Mail, jobs and sessions do not come back; they are named before.

mod model;
pub mod pages;
mod plan;
mod stays;
mod store;

pub use store::{is_undoable, undone_by};

use crate::actor::Privilege;

/// Needed to change back what an event changed. What rights rest on is changed back by founders alone.
pub struct Undo;

impl Privilege for Undo {
    const NAME: &'static str = "audit.undo";
    const DESCRIPTION: &'static str = "Undo what an event changed, where nothing was changed since";
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}

/// The right of [`Undo`] to see what would be undone, which is a look into the log.
pub struct ViewUndo;

impl Privilege for ViewUndo {
    const NAME: &'static str = Undo::NAME;
    const DESCRIPTION: &'static str = Undo::DESCRIPTION;
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}
