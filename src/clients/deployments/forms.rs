//! What starting a deployment takes.

use super::model::ENVIRONMENTS;
use crate::web::form::{FieldError, Form};

/// A deployment to be started.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    pub environment: &'static str,
    pub version_label: String,
    pub url: Option<String>,
    pub reason: String,
}

impl NewDeployment {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewDeployment, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewDeployment {
            environment: check.choice("environment", &ENVIRONMENTS),
            version_label: check.line("version_label", 1, 100),
            url: check.address("url", &["https://", "http://"]),
            reason: check.reason(),
        };
        check.finish(new)
    }
}
