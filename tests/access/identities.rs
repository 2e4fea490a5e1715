//! Somebody else's identities at providers: seeing and unlinking them.

use crate::support::TestApp;

const ISSUER: &str = "https://id.acme.example";

#[actix_web::test]
async fn staff_see_identities_and_unlink_them_with_a_reason() {
    let app = TestApp::start().await;
    let (founder, person) = (app.founder().await, app.support().await);
    let id = person.id.expect("somebody");
    app.identity(id, ISSUER, "ada").await;
    let tab = founder.get(&format!("/people/{id}/credentials")).await;
    assert!(tab.text().contains("ada@acme.example") && tab.text().contains(ISSUER), "{}", tab.text());
    let page = founder.get(&tab.link("Unlink…")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(founder.submit(&page.form()).await.status, 422, "a reason is needed");
    let answer = founder.submit(&page.form().with("reason", "left Acme")).await;
    assert_eq!(answer.location(), format!("/people/{id}/credentials"), "{:?}", answer.errors());
    let event = app.event("user.unlink_identity").await;
    assert_eq!((event.target_id, event.reason.as_deref()), (Some(id), Some("left Acme")));
    assert_eq!((event.of("user_identities").len(), event.of("sessions").len()), (1, 1));
    assert_eq!(person.get("/").await.status, 303);
    let tab = founder.get(&format!("/people/{id}/credentials")).await;
    assert!(tab.text().contains("unlinked") && tab.link("Unlink…").is_empty());
    assert_eq!(app.texts("select recipient from control.outbox").await, [person.email.as_str()]);
    let history = founder.get(&format!("/people/{id}/history")).await;
    assert!(history.text().contains("user.unlink_identity"));
}

#[actix_web::test]
async fn it_takes_the_right_elevation_and_somebody_within_reach() {
    let app = TestApp::start().await;
    let (founder, auditor) = (app.founder().await, app.auditor().await);
    let own = founder.id.expect("somebody");
    app.identity(own, ISSUER, "ada").await;
    let identity = app.text("select id from control.user_identities").await;
    let path = format!("/people/{own}/identities/{identity}/unlinking");
    assert_eq!(auditor.get(&format!("{path}/new")).await.status, 403);
    assert_eq!(auditor.get(&format!("/people/{own}/credentials")).await.link("Unlink…"), "");
    assert_eq!(founder.get(&format!("{path}/new")).await.status, 409, "one's own are unlinked on one's own page");
    let other = app.support().await.id.expect("somebody");
    let elsewhere = format!("/people/{other}/identities/{identity}/unlinking");
    assert_eq!(founder.get(&format!("{elsewhere}/new")).await.status, 404, "a row has one address");
    let narrow = app.person_with(&["access.view", "access.manage"]).await;
    assert_eq!(narrow.post_form(&path, &[("reason", "because")]).await.status, 409, "a founder may do more than they");
    app.execute("update control.sessions set elevated_until = null, elevated_by = null").await;
    assert!(narrow.get(&format!("{path}/new")).await.location().starts_with("/elevation?"));
    assert_eq!(app.number("select count(*) from control.user_identities where revoked_at is null").await, 1);
}

/// People with a row scope see nobody's identities but their own, whatever statement they manage to send.
#[actix_web::test]
async fn the_database_shows_scoped_people_their_own_only() {
    let app = TestApp::start().await;
    let (one, other) = (app.support().await, app.admin().await);
    app.identity(one.id.expect("somebody"), ISSUER, "one").await;
    app.identity(other.id.expect("somebody"), ISSUER, "other").await;
    let before = format!("set local castellan.actor_id = '{}'", one.id.expect("somebody"));
    let seen = app.texts_as("castellan_scoped", &before, "select subject from control.user_identities").await;
    assert_eq!(seen, Ok(vec!["one".to_owned()]));
    let write = "update control.user_identities set user_id = control.actor_id()";
    assert!(app.try_as("castellan_scoped", write).await.is_err());
    assert!(app.try_as("castellan_web", "select * from control.user_identities").await.is_err());
}
