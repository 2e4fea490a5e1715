//! What is written to those whom an impersonation concerns.

use super::model::Listed;
use crate::access::people::model::Person;
use crate::mail::Letter;
use crate::web::filters;

/// Tells the person. Of the member of the staff it says the name alone.
pub fn begun(listed: &Listed, person: &Person, until: jiff::Timestamp) -> Letter {
    let row = &listed.row;
    let how = match row.mode.as_str() {
        "acting" => "They can change what you could change there; a second person has approved that.",
        _ => "They can only look, and change nothing.",
    };
    let text = format!(
        "Hello {},\n\n\
         {}, who works for Castellan, looks at {} with your rights from now on, until {} at the latest. {how}\n\n\
         Why: {}\nTicket: {}\n\n\
         They see no password, second factor or token of yours, take no lists out, and everything they open or change is \
         recorded with their name. If you did not expect this, write to the support.\n",
        person.name,
        listed.admin,
        listed.tenant,
        filters::utc(until),
        row.reason,
        row.ticket,
    );
    Letter::new(&person.email, &person.name, "Somebody looks at Castellan as you", text).tenant(row.tenant_id)
}

/// Tells the person that it is over, and how much was seen and done.
pub fn over(listed: &Listed, person: &Person) -> Letter {
    let row = &listed.row;
    let ended = row.over_at().map(|at| filters::utc(at.to_jiff())).unwrap_or_default();
    let counted = |count: i64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let text = format!(
        "Hello {},\n\n\
         {}, who works for Castellan, no longer looks at {} with your rights. It ended {ended} because {} and lasted {}. \
         They opened {} and made {}.\n\n\
         Why: {}\nTicket: {}\n",
        person.name,
        listed.admin,
        listed.tenant,
        row.over_because(),
        counted(row.lasted().unwrap_or_default().max(1), "minute", "minutes"),
        counted(listed.pages, "page", "pages"),
        counted(listed.writes, "change", "changes"),
        row.reason,
        row.ticket,
    );
    Letter::new(&person.email, &person.name, "Nobody looks at Castellan as you any more", text).tenant(row.tenant_id)
}

/// Tells who asked that they may begin.
pub fn approved(listed: &Listed, admin: &Person, minutes: i64) -> Letter {
    let text = format!(
        "Hello {},\n\n\
         you may act as {} of {}. Begin within {minutes} minutes, on the page of your request under Impersonations; after \
         that it lapses.\n\nTicket: {}\n",
        admin.name, listed.target, listed.tenant, listed.row.ticket,
    );
    Letter::new(&admin.email, &admin.name, "Your impersonation is approved", text).tenant(listed.row.tenant_id)
}
