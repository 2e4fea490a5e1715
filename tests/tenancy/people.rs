//! The people of a tenant: the list, adding, roles, leaving, and the last owner.

use uuid::Uuid;

use crate::support::{Page, Person, TestApp};

fn listed(page: &Page) -> Vec<String> {
    page.texts("#list tbody .name")
}

async fn membership(app: &TestApp, user_id: Uuid) -> String {
    app.text(&format!("select id from control.workspace_members where user_id = '{user_id}' and deleted_at is null"))
        .await
}

async fn remove(person: &Person, tenant_id: Uuid, member_id: &str) -> Page {
    let page = person.get(&format!("/tenants/{tenant_id}/people/{member_id}/removal/new")).await;
    match page.status {
        200 => person.submit(&page.form().with("reason", "left")).await,
        _ => page,
    }
}

#[actix_web::test]
async fn the_list_is_searched_filtered_and_exported() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    app.member(id, "ada@northwind.example", "owner").await;
    app.member(id, "bob@northwind.example", "member").await;
    app.member(app.tenant("acme").await, "eve@acme.example", "owner").await;
    let people = format!("/tenants/{id}/people");

    let page = admin.get(&people).await;
    assert_eq!(listed(&page), ["ada@northwind.example", "bob@northwind.example"]);
    assert!(page.texts(".tabs").join(" ").contains("People 2"));
    assert_eq!(page.texts("#list tbody tr:first-child td")[1..5], ["owner", "Main", "active", "never"]);
    assert_eq!(listed(&admin.get(&format!("{people}?q=BOB")).await), ["bob@northwind.example"]);
    assert_eq!(listed(&admin.get(&format!("{people}?role=owner,admin")).await), ["ada@northwind.example"]);
    assert_eq!(listed(&admin.get(&format!("{people}?sort=-name")).await)[0], "bob@northwind.example");

    let workspace = app.text(&format!("select id from control.workspaces where tenant_id = '{id}'")).await;
    let page = admin.get(&format!("{people}?workspace={workspace}")).await;
    assert_eq!((listed(&page).len(), page.texts(".chip b")), (2, vec!["Main".to_owned()]));
    let none = admin.get(&format!("{people}?workspace={}", Uuid::now_v7())).await;
    assert!(none.texts(".empty").join("").contains("Nothing matches"));
    assert!(!admin.htmx_get(&people).await.is_whole());
    assert_eq!(admin.get(&format!("{people}?role=king")).await.status, 400);

    let csv = admin.get(&format!("{people}.csv?role=member")).await;
    assert!(
        csv.text().starts_with("id,user_id,name,email,role,workspace_id,workspace,status,last_login_at,created_at\n")
    );
    assert_eq!(csv.text().lines().count(), 2);
    assert!(app.event("tenants.export").await.is_read);
    assert_eq!(admin.get(&format!("/tenants/{}/people.csv", Uuid::now_v7())).await.status, 404);
}

#[actix_web::test]
async fn an_unknown_person_is_made_and_a_known_one_keeps_the_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, other) = (app.tenant("northwind").await, app.tenant("acme").await);
    let form = admin.get(&format!("/tenants/{id}/people/new")).await.form();
    assert!(!form.value("workspace_id").is_empty(), "the only workspace is chosen");
    let form = form.with("email", "Ada@Northwind.example").with("role", "owner");

    let page = admin.submit(&form).await;
    assert_eq!((page.status, page.value("email").as_str()), (422, "Ada@Northwind.example"));
    assert!(page.field_error("name").contains("nobody with this address is known"), "{:?}", page.errors());
    let answer = admin.submit(&page.form().with("name", "Ada Lovelace")).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/tenants/{id}/people")));
    let person = app.texts("select status || ' ' || is_staff from control.users where name = 'Ada Lovelace'").await;
    assert_eq!(person, ["pending false"]);
    let event = app.event("member.add").await;
    assert_eq!((event.tenant_id, event.of("users").len(), event.of("workspace_members").len()), (Some(id), 1, 1));

    let again = admin.submit(&page.form().with("name", "Ada Lovelace").with("idempotency_key", "")).await;
    assert_eq!((again.status, again.field_error("email").as_str()), (422, "belongs to this workspace already"));

    let form = admin.get(&format!("/tenants/{other}/people/new")).await.form();
    let form = form.with("email", "ada@northwind.example").with("name", "Somebody Else").with("role", "viewer");
    assert_eq!(admin.submit(&form).await.status, 303);
    assert_eq!(listed(&admin.get(&format!("/tenants/{other}/people")).await), ["Ada Lovelace"]);
    assert_eq!(admin.get(&format!("/tenants/{id}")).await.texts("dl.facts dd a")[0], "Ada@Northwind.example");
}

#[actix_web::test]
async fn adding_refuses_what_does_not_fit() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, other) = (app.tenant("northwind").await, app.tenant("acme").await);
    let url = format!("/tenants/{id}/people/new");
    let form = admin.get(&url).await.form();
    let wrong = form.clone().with("email", "nobody").with("role", "king").with("workspace_id", "");
    let page = admin.submit(&wrong).await;
    assert_eq!((page.status, page.errors().len()), (422, 3), "{:?}", page.errors());

    let form = form.with("email", "ada@elsewhere.example").with("name", "Ada").with("role", "owner");
    let foreign = app.text(&format!("select id from control.workspaces where tenant_id = '{other}'")).await;
    let page = admin.submit(&form.clone().with("workspace_id", &foreign)).await;
    assert!(page.field_error("workspace_id").contains("active workspaces"), "{:?}", page.errors());

    let allow = "update control.tenant_policies set allowed_email_domains = '{northwind.example}'";
    app.execute(&format!("{allow} where tenant_id = '{id}'")).await;
    let page = admin.submit(&form).await;
    assert!(page.field_error("email").contains("northwind.example"), "{:?}", page.errors());
    assert_eq!(admin.submit(&form.with("email", "ada@mail.northwind.example")).await.status, 303);
    assert_eq!(admin.get(&format!("/tenants/{}/people/new", Uuid::now_v7())).await.status, 404);
    assert_eq!(app.support().await.get(&url).await.status, 403);
}

#[actix_web::test]
async fn who_manages_one_tenant_adds_only_people_they_can_see() {
    let app = TestApp::start().await;
    let (id, other) = (app.tenant("northwind").await, app.tenant("acme").await);
    app.member(other, "eve@acme.example", "owner").await;
    let manager = app.manager_of_tenant(id).await;
    let form = manager.get(&format!("/tenants/{id}/people/new")).await.form().with("name", "Eve").with("role", "admin");
    for email in ["eve@acme.example", "unknown@example.com"] {
        let page = manager.submit(&form.clone().with("email", email)).await;
        assert_eq!(page.status, 422);
        assert!(page.field_error("email").contains("whole platform"), "{email}: {:?}", page.errors());
    }
    assert_eq!(manager.get(&format!("/tenants/{other}/people")).await.status, 404);
}

#[actix_web::test]
async fn a_role_is_changed_with_a_version() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    app.member(id, "ada@northwind.example", "owner").await;
    let bob = app.member(id, "bob@northwind.example", "member").await;
    let member = membership(&app, bob).await;
    let url = format!("/tenants/{id}/people/{member}");
    let form = admin.get(&format!("{url}/edit")).await.form();
    assert_eq!((form.action.as_str(), form.value("role")), (url.as_str(), "member"));

    let answer = admin.submit(&form.clone().with("role", "admin").with("reason", "promoted")).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/tenants/{id}/people")));
    let event = app.event("member.change_role").await;
    assert_eq!(event.reason.as_deref(), Some("promoted"));
    let change = event.of("workspace_members")[0];
    assert_eq!((&change.before["role"], &change.after["role"]), (&"member".into(), &"admin".into()));

    let page = admin.submit(&form.with("role", "viewer")).await;
    assert_eq!(
        (page.status, page.rows()),
        (409, vec![["role", "member", "admin", "viewer"].map(String::from).to_vec()])
    );
    assert_eq!(admin.submit(&page.form()).await.status, 303);
    let elsewhere = app.tenant("acme").await;
    assert_eq!(admin.get(&format!("/tenants/{elsewhere}/people/{member}/edit")).await.status, 404);
}

#[actix_web::test]
async fn the_last_owner_stays() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let ada = membership(&app, app.member(id, "ada@northwind.example", "owner").await).await;
    let bob = membership(&app, app.member(id, "bob@northwind.example", "member").await).await;

    let page = remove(&admin, id, &ada).await;
    assert_eq!(page.status, 409);
    assert!(page.errors().join("").contains("is the last owner of the tenant"), "{:?}", page.errors());
    let form = admin.get(&format!("/tenants/{id}/people/{ada}/edit")).await.form();
    let page = admin.submit(&form.clone().with("role", "admin")).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("role").contains("last owner"), "{:?}", page.errors());
    assert_eq!(admin.submit(&form).await.status, 303, "staying owner is fine");

    let promote = admin.get(&format!("/tenants/{id}/people/{bob}/edit")).await.form().with("role", "owner");
    assert_eq!(admin.submit(&promote).await.status, 303);
    let answer = remove(&admin, id, &ada).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/tenants/{id}/people")));
    assert_eq!(app.event("member.remove").await.reason.as_deref(), Some("left"));
    assert_eq!(listed(&admin.get(&format!("/tenants/{id}/people")).await), ["bob@northwind.example"]);
    assert_eq!(remove(&admin, id, &ada).await.status, 404);
}

#[actix_web::test]
async fn two_owners_cannot_leave_at_once() {
    let Some(app) = TestApp::on_server().await else { return };
    let admin = app.admin().await;
    for round in 0..5 {
        let id = app.tenant(&format!("tenant-{round}")).await;
        let ada = membership(&app, app.member(id, &format!("ada{round}@example.com"), "owner").await).await;
        let bob = membership(&app, app.member(id, &format!("bob{round}@example.com"), "owner").await).await;
        let (one, other) = tokio::join!(remove(&admin, id, &ada), remove(&admin, id, &bob));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "round {round}");
    }
}
