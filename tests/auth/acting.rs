//! Going back to oneself.

use crate::support::TestApp;

#[actix_web::test]
async fn who_acts_as_themselves_has_nothing_to_stop() {
    let app = TestApp::start().await;
    let person = app.support().await;
    let before = app.log_size().await;
    let page = person.post_form("/acting/end", &[]).await;
    assert_eq!((page.status, page.location()), (303, "/".into()));
    assert_eq!(app.log_size().await, before);
    assert!(app.anonymous().post_form("/acting/end", &[]).await.location().starts_with("/sign-in"));
}

#[actix_web::test]
async fn stopping_twice_at_once_is_harmless() {
    let Some(app) = TestApp::on_server().await else { return };
    let (ada, bob) = (app.founder().await, app.support().await);
    app.execute(&format!(
        "insert into control.delegations (id, grantor_user_id, delegate_user_id, action_scope, starts_at, ends_at, reason)
        values (gen_random_uuid(), '{}', '{}', '{{tenants.view}}', now(), now() + interval '1 day', 'away')",
        ada.id.unwrap(),
        bob.id.unwrap()
    ))
    .await;
    let id = app.text("select id from control.delegations").await;
    assert_eq!(bob.post_form(&format!("/account/delegations/{id}/acting"), &[]).await.status, 303);
    let (one, other) = tokio::join!(bob.post_form("/acting/end", &[]), bob.post_form("/acting/end", &[]));
    assert!(one.status < 500 && other.status < 500);
    assert_eq!(app.number("select count(*) from control.sessions where delegation_id is not null").await, 0);
}
