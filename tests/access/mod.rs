//! People, roles, who holds them through what, what a change of that reaches, and tokens.

mod assignments;
mod delegation_abuse;
mod delegations;
mod departments;
mod escalation;
mod expiry;
mod exposure;
mod exposure_for_others;
mod exposure_of_things;
mod factor_by_role;
mod factors_reset;
mod foreign_in_forms;
mod founders;
mod founders_by_role;
mod groups;
mod identities;
mod impersonation_abuse;
mod impersonation_walls;
mod impersonations;
mod invitations;
mod links;
mod people;
mod reach;
mod reason_by_role;
mod review_items;
mod reviews;
mod rights;
mod role_sources;
mod roles;
mod scope;
mod services;
mod sign_out_of_programs;
mod token_abuse;
mod tokens;

use uuid::Uuid;

use crate::support::{FilledForm, Page, Person, TestApp};

/// The id of a role by name.
async fn role(app: &TestApp, name: &str) -> Uuid {
    let id = app.text(&format!("select id from control.roles where name = '{name}' and deleted_at is null")).await;
    id.parse().expect("an id")
}

/// Makes a role of just these privileges. Returns its id.
async fn make_role(app: &TestApp, name: &str, privileges: &[&str]) -> Uuid {
    let (id, wanted) = (Uuid::now_v7(), privileges.join("','"));
    app.execute(&format!(
        "insert into control.roles (id, name) values ('{id}', '{name}');
        insert into control.role_privileges (role_id, privilege_name)
            select '{id}', name from control.privileges where name in ('{wanted}')"
    ))
    .await;
    id
}

/// Gives a role, past all checks: `to` names a column and an id, `place` the scope.
async fn give(app: &TestApp, role_id: Uuid, to: (&str, Uuid), place: &str) -> Uuid {
    let (id, (column, principal)) = (Uuid::now_v7(), to);
    app.execute(&format!(
        "insert into control.assignments (id, role_id, {column}, reason, scope_kind, tenant_id, client_id)
        select '{id}', '{role_id}', '{principal}', 'test', {place}"
    ))
    .await;
    id
}

const PLATFORM: &str = "'platform', null, null";

fn on_tenant(id: Uuid) -> String {
    format!("'tenant', '{id}', null")
}

/// Staff without any role, in a browser.
async fn nobody_special(app: &TestApp) -> Person {
    app.person_with(&[]).await
}

/// Sends a form that shows its effect, and then does what was shown. Returns what was shown and what came of it.
async fn confirm(person: &Person, form: &FilledForm) -> (Page, Page) {
    let shown = person.submit(form).await;
    assert_eq!(shown.status, 200, "{}: {:?} {}", form.action, shown.errors(), shown.message());
    let done = person.submit(&shown.form()).await;
    assert_eq!(done.status, 303, "{}: {:?}", form.action, done.errors());
    (shown, done)
}

/// Looks at an action and does it.
async fn act(person: &Person, address: &str) -> (Page, Page) {
    let shown = person.get(&format!("{address}/new")).await;
    assert_eq!(shown.status, 200, "{address}: {:?} {}", shown.errors(), shown.message());
    let done = person.submit(&shown.form().with("reason", "because")).await;
    (shown, done)
}

/// Who gains and who loses on a page that shows an effect: the heads of both sides.
fn sides(page: &Page) -> Vec<String> {
    page.texts(".reach h3")
}

/// Ticks one more privilege.
fn tick(mut form: FilledForm, privilege: &str) -> FilledForm {
    form.fields.push(("privilege_name".into(), privilege.into()));
    form
}

/// Unticks a privilege.
fn untick(mut form: FilledForm, privilege: &str) -> FilledForm {
    form.fields.retain(|(name, value)| name != "privilege_name" || value != privilege);
    form
}

/// Lets one person act for another, past all checks. Returns the id of the delegation.
async fn hand_over(app: &TestApp, from: &Person, to: &Person, scope: &[&str]) -> Uuid {
    let (from, to) = (from.id.expect("a person"), to.id.expect("a person"));
    let (id, scope) = (Uuid::now_v7(), scope.join("','"));
    app.execute(&format!(
        "insert into control.delegations
            (id, grantor_user_id, delegate_user_id, action_scope, starts_at, ends_at, reason, created_at)
        values ('{id}', '{from}', '{to}', array['{scope}'], now() - interval '1 day', now() + interval '9 days', 'away',
            now() - interval '2 days')"
    ))
    .await;
    id
}

/// Begins to act under a delegation.
async fn begin(person: &Person, id: Uuid) -> Page {
    person.post_form(&format!("/account/delegations/{id}/acting"), &[]).await
}

/// The day so many days from now, as forms take it.
fn day_in(days: i64) -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    at.strftime("%Y-%m-%d").to_string()
}

/// Begins a review of what the fields say, through its form and what that shows. Returns its address.
async fn begin_review(person: &Person, fields: &[(&str, &str)]) -> String {
    let mut form = person.get("/reviews/new").await.form().with("name", "Quarter").with("due_at", &day_in(100));
    for (name, value) in fields {
        form = form.with(name, value);
    }
    let (_, done) = confirm(person, &form).await;
    done.location()
}

/// The address of the item about an assignment.
async fn item_of(app: &TestApp, review: &str, assignment: Uuid) -> String {
    let id =
        app.text(&format!("select id from control.access_review_items where assignment_id = '{assignment}'")).await;
    format!("{review}/items/{id}")
}
