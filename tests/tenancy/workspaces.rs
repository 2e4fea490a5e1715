//! Workspaces: made, renamed, archived, opened again.

use crate::support::TestApp;

#[actix_web::test]
async fn a_workspace_is_made_and_renamed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/workspaces/new")).await.form();
    let page = admin.submit(&form.clone().with("name", " ")).await;
    assert_eq!((page.status, page.field_error("name").as_str()), (422, "is required"));
    let answer = admin.submit(&form.with("name", "Sales, EMEA")).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/tenants/{id}/people")));
    assert_eq!(app.event("workspace.create").await.tenant_id, Some(id));

    let page = admin.follow(&answer).await;
    assert_eq!(page.names(), ["Main", "Sales, EMEA"]);
    let made = app.text("select id from control.workspaces where name = 'Sales, EMEA'").await;
    let url = format!("/tenants/{id}/workspaces/{made}");
    let form = admin.get(&format!("{url}/edit")).await.form();
    assert_eq!(admin.submit(&form.clone().with("name", "Sales")).await.status, 303);
    let page = admin.submit(&form.with("name", "Selling")).await;
    assert_eq!(
        (page.status, page.rows()[0].clone()),
        (409, ["name", "Sales, EMEA", "Sales", "Selling"].map(String::from).to_vec())
    );
}

#[actix_web::test]
async fn nobody_is_added_to_an_archived_workspace() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let workspace = app.text(&format!("select id from control.workspaces where tenant_id = '{id}'")).await;
    let url = format!("/tenants/{id}/workspaces/{workspace}");
    let add = admin.get(&format!("/tenants/{id}/people/new")).await.form();
    let add = add.with("email", "ada@northwind.example").with("name", "Ada").with("role", "owner");

    let form = admin.get(&format!("{url}/archiving/new")).await.form().with("reason", "unused");
    assert_eq!(admin.submit(&form).await.flash(), "Main is archived.");
    let page = admin.submit(&add).await;
    assert_eq!(page.status, 422);
    assert!(
        admin.get(&format!("/tenants/{id}/people/new")).await.texts(".empty").join("").contains("no active workspace")
    );
    assert_eq!(admin.get(&format!("{url}/archiving/new")).await.status, 409);

    let form = admin.get(&format!("{url}/reopening/new")).await.form().with("reason", "used again");
    assert_eq!(admin.submit(&form).await.flash(), "Main is active again.");
    assert_eq!(admin.submit(&add.with("idempotency_key", "")).await.status, 303);
}
