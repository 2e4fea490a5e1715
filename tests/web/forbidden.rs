//! What those are told who may not.

use crate::support::TestApp;

#[actix_web::test]
async fn a_refusal_says_what_would_help() {
    let app = TestApp::start().await;
    let northwind = app.tenant("northwind").await;
    let said = app.person_with(&["jobs.view"]).await.get("/tenants").await.message();
    assert!(said.contains("tenants.view, which your roles do not have"), "{said}");
    let manager = app.scoped_to_tenant(&["access.view", "access.manage"], northwind).await;
    let said = manager.get("/roles/new").await.message();
    assert!(said.contains("access.manage on the whole platform") && said.contains("some tenants"), "{said}");

    let owner = app.person_with(&["tenants.export", "clients.export"]).await;
    let token = owner.make_token(&["tenants.export"], &[]).await;
    let answer = app.read_with(&token.text, "/clients.json").await;
    assert!(answer.status == 403 && answer.text().contains("this token is not for"), "{}", answer.text());
    let id = owner.id.expect("a person");
    app.execute(&format!("update control.assignments set revoked_at = now() where user_id = '{id}'")).await;
    let answer = app.read_with(&token.text, "/tenants.json").await;
    assert!(answer.status == 403 && answer.text().contains("this token's owner do not have"), "{}", answer.text());
}
