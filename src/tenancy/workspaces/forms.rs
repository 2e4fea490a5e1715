//! What the forms about workspaces take.

use super::model::Workspace;
use crate::web::form::{FieldError, Form, FormView};

/// A workspace to be made.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    pub name: String,
}

impl NewWorkspace {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewWorkspace, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewWorkspace { name: check.line("name", 1, 200) };
        check.finish(new)
    }
}

/// A workspace's new name, and the version it was typed for.
#[derive(Debug, Clone)]
pub struct WorkspacePatch {
    pub version: i32,
    pub name: String,
}

impl WorkspacePatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<WorkspacePatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = WorkspacePatch { version: check.version(), name: check.line("name", 1, 200) };
        check.finish(patch)
    }
}

/// The edit form of a stored workspace.
pub fn filled(workspace: &Workspace) -> FormView {
    FormView::filled(&[("version", &workspace.version.to_string()), ("name", &workspace.name)])
}
