//! Clients and what belongs to them.

mod analytics;
mod clients;
mod customizations;
mod deployments;

use uuid::Uuid;

use crate::support::{Page, Person};

/// Looks at an action on the row of an address and does it with everything it asks for.
async fn act(person: &Person, row: &str, noun: &str, typed: &str) -> Page {
    let page = person.get(&format!("{row}/{noun}/new")).await;
    assert_eq!(page.status, 200, "{row}/{noun}: {:?}", page.errors());
    let mut form = page.form().with("reason", &format!("because of {noun}"));
    if page.text().contains("name=\"confirm\"") {
        form = form.with("confirm", typed);
    }
    person.submit(&form).await
}

/// The id at the end of an address.
fn id_of(location: &str) -> Uuid {
    location.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("{location} ends in no id"))
}
