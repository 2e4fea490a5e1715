//! An id of others in a form is answered as one of nothing, and leaves the event that it would leave in an address.

use uuid::Uuid;

use crate::support::{Page, Person, TestApp};

const RIGHTS: [&str; 5] = ["tenants.view", "tenants.manage", "clients.view", "clients.manage", "clients.deploy"];

async fn foreign(app: &TestApp) -> Vec<String> {
    let kind = "kind = 'authz_fail' and details ->> 'why' = 'outside of their scope'";
    app.texts(&format!("select details ->> 'table' from audit.security_events where {kind} order by occurred_at")).await
}

/// Sends a form with an id of nothing and then with one of others: the answers are the same but for the id.
async fn both(app: &TestApp, person: &Person, path: &str, fields: &[(&str, &str)], field: &str, id: &str) -> Page {
    let nothing = Uuid::now_v7().to_string();
    let with = |value: &str| {
        let kept = fields.iter().filter(|(name, _)| *name != field).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        kept.chain([(field.to_owned(), value.to_owned())]).collect::<Vec<_>>()
    };
    let before = foreign(app).await.len();
    let mut answers = Vec::new();
    for (value, events) in [(nothing.as_str(), 0), (id, 1)] {
        let sent = with(value);
        let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let page = person.post_form(path, &sent).await;
        assert_eq!(foreign(app).await.len() - before, events, "{path} with {field}={value}: {}", page.status);
        answers.push(page);
    }
    let (one, other) = (answers.remove(0), answers.remove(0));
    assert_eq!(one.status, other.status, "{path} {field}");
    assert_eq!(one.errors(), other.errors(), "{path} {field}");
    other
}

#[actix_web::test]
async fn ids_of_others_are_as_good_as_none_and_are_noted() {
    let app = TestApp::start().await;
    let (own, foreign_tenant) = (app.tenant("own").await, app.tenant("foreign").await);
    let manager = app.scoped_to_tenant(&RIGHTS, own).await;
    let eve = app.member(foreign_tenant, "eve@foreign.example", "owner").await;
    let workspace = "select id from control.workspaces where tenant_id";
    let theirs = app.text(&format!("{workspace} = '{foreign_tenant}'")).await;

    let new = [("name", "Bakery"), ("slug", "bakery"), ("tenant_id", "")];
    let page = both(&app, &manager, "/clients", &new, "tenant_id", &foreign_tenant.to_string()).await;
    assert!(page.status == 422 || page.status == 404, "{}", page.status);
    let new = [("email", manager.email.as_str()), ("name", "Me"), ("role", "member")];
    let page = both(&app, &manager, &format!("/tenants/{own}/people"), &new, "workspace_id", &theirs).await;
    assert_eq!((page.status, page.field_error("workspace_id").is_empty()), (422, false));
    assert_eq!(foreign(&app).await, ["tenants", "workspaces"]);

    // Whatever the field is called, and also beside what else is wrong.
    both(&app, &manager, &format!("/tenants/{own}/people"), &[], "user_id", &eve.to_string()).await;
    assert_eq!(foreign(&app).await, ["tenants", "workspaces", "users"]);
    let member = app.member(own, "ada@own.example", "owner").await.to_string();
    let fields = [("user_id", member.as_str())];
    assert_eq!(manager.post_form(&format!("/tenants/{own}/people"), &fields).await.status, 422);
    assert_eq!(foreign(&app).await.len(), 3, "who belongs to the tenant is no stranger");
    let own_workspace = app.text(&format!("{workspace} = '{own}'")).await;
    let new = [("workspace_id", own_workspace.as_str()), ("idempotency_key", theirs.as_str())];
    assert_eq!(manager.post_form(&format!("/tenants/{own}/people"), &new).await.status, 422);
    assert_eq!(foreign(&app).await.len(), 3, "a form's own key is no id of anything");
}

#[actix_web::test]
async fn what_is_somebody_elses_is_noted_on_ones_own_pages() {
    let app = TestApp::start().await;
    let (person, stranger) = (app.admin().await, app.admin().await);
    let session = format!("select id from control.sessions where user_id = '{}'", stranger.id.expect("a person"));
    let session = app.text(&session).await;
    assert_eq!(person.post_form(&format!("/account/sessions/{session}/end"), &[]).await.status, 404);
    assert_eq!(foreign(&app).await, ["sessions"]);
    let nothing = Uuid::now_v7();
    assert_eq!(person.post_form(&format!("/account/sessions/{nothing}/end"), &[]).await.status, 404);
    let own = format!("select id from control.sessions where user_id = '{}'", person.id.expect("a person"));
    let own = app.text(&own).await;
    assert_eq!(person.post_form(&format!("/account/sessions/{own}/end"), &[]).await.status, 303);
    assert_eq!(foreign(&app).await.len(), 1);
}

#[actix_web::test]
async fn who_sees_everything_leaves_the_scope_of_nobody() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (one, other) = (app.tenant("one").await, app.tenant("other").await);
    let workspace = app.text(&format!("select id from control.workspaces where tenant_id = '{other}'")).await;
    let fields = [("workspace_id", workspace.as_str()), ("email", "a@b.c"), ("name", "A"), ("role", "member")];
    assert_eq!(admin.post_form(&format!("/tenants/{one}/people"), &fields).await.status, 422);
    assert_eq!(foreign(&app).await, [""; 0]);
}

/// A slug stands for an id where people write one, and says as much about somebody who tries it.
#[actix_web::test]
async fn slugs_of_others_are_as_good_as_none_and_are_noted() {
    let app = TestApp::start().await;
    let (own, other) = (app.tenant("own").await, app.tenant("foreign").await);
    let (bakery, _) = (app.client(own, "bakery", "active").await, app.client(other, "bakery", "active").await);
    app.client(other, "brewery", "active").await;
    let manager = app.scoped_to_tenant(&RIGHTS, own).await;
    let make = async |slug: &str, name: &str| {
        manager.post_form("/clients", &[("name", name), ("slug", "shop"), ("tenant_id", slug)]).await
    };
    let (nothing, foreigner) = (make("nothing", "Shop").await, make("foreign", "Shop").await);
    assert_eq!((nothing.status, foreigner.status), (422, 422));
    assert_eq!(nothing.errors(), foreigner.errors());
    assert_eq!(foreign(&app).await, ["tenants"], "one of the two is somebody's");
    assert_eq!(make("own", "").await.status, 422);
    assert_eq!(make("own", "Shop").await.status, 303);
    assert_eq!(manager.get("/tenants/nothing").await.status, 404);
    assert_eq!(manager.get("/clients/bakery").await.location(), format!("/clients/{bakery}"));
    assert_eq!(foreign(&app).await.len(), 1);
    for (path, table) in [("/tenants/foreign", "tenants"), ("/clients/brewery", "clients")] {
        assert_eq!(manager.get(path).await.status, 404, "{path}");
        assert_eq!(foreign(&app).await.last().map(String::as_str), Some(table), "{path}");
    }
    let fields = [("name", ""), ("tenant_id", "own"), ("client_id", "bakery")];
    assert_eq!(manager.post_form("/clients", &fields).await.status, 422);
    assert_eq!(foreign(&app).await.len(), 3, "one's own has the same slug as another's");
}
