//! What the forms about items take.

use uuid::Uuid;

use crate::web::form::{FieldError, Form};

/// Several items and one reason for all.
#[derive(Debug, Clone)]
pub struct Ticked {
    pub ids: Vec<Uuid>,
    /// Blank where it is asked for on the next page.
    pub reason: String,
}

/// A page of the list, and no more.
const MOST: usize = 100;

impl Ticked {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<Ticked, Vec<FieldError>> {
        let mut check = form.check();
        let mut ids: Vec<Uuid> = form.all("item_id").filter_map(|id| id.trim().parse().ok()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            check.refuse("item_id", "names nothing: tick the rows first");
        } else if ids.len() > MOST {
            check.refuse("item_id", format!("may be {MOST} at once at most"));
        }
        let reason = check.text("reason", 0, 2000);
        check.finish(Ticked { ids, reason })
    }
}
