//! Another end for an assignment: shown first, with a reason, for those who hold what it gives.

use super::{PLATFORM, confirm, give, make_role, nobody_special, role, sides};
use crate::support::TestApp;

#[actix_web::test]
async fn an_end_is_moved_and_taken_away() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &["jobs.view"]).await;
    let person = nobody_special(&app).await;
    let held = give(&app, operator, ("user_id", person.id.expect("a person")), PLATFORM).await;
    let url = format!("/assignments/{held}");
    assert_eq!(founder.get(&url).await.link("Change the end"), format!("{url}/edit"));
    let form = founder.get(&format!("{url}/edit")).await.form();
    assert_eq!((form.action.as_str(), form.value("expires_at")), (url.as_str(), ""));
    let page = founder.submit(&form.clone().with("expires_at", "2999-01-01")).await;
    assert_eq!((page.status, page.field_error("reason").as_str()), (422, "is required"));
    for (typed, why) in [("2001-01-01", "future"), ("tomorrow", "day such as"), ("2999-02-30", "day such as")] {
        let page = founder.submit(&form.clone().with("expires_at", typed).with("reason", "why")).await;
        assert!(page.field_error("expires_at").contains(why), "{typed}: {:?}", page.errors());
        assert_eq!(page.value("expires_at"), typed);
    }
    let before = app.log_size().await;
    let shown = founder.submit(&form.clone().with("expires_at", "2999-01-01").with("reason", "for a while")).await;
    assert_eq!(shown.status, 200);
    assert!(shown.texts(".reach").join("").contains("Nobody gains or loses"), "{}", shown.text());
    assert_eq!(app.log_size().await, before, "nothing has happened yet");
    assert_eq!(founder.submit(&shown.form()).await.location(), url);
    let event = app.event("assignment.change_expiry").await;
    assert_eq!((event.reason.as_deref(), event.target_id), (Some("for a while"), Some(held)));
    assert_eq!(person.get("/jobs").await.status, 200);

    // Two saw the same version; the second is told.
    let page = founder.submit(&form.with("expires_at", "2998-01-01").with("reason", "less")).await;
    assert_eq!(page.status, 409);
    assert_eq!(page.rows()[0][2..], ["2999-01-01", "2998-01-01"]);
    confirm(&founder, &page.form()).await;
    let form = founder.get(&format!("{url}/edit")).await.form();
    assert_eq!(form.value("expires_at"), "2998-01-01");
    confirm(&founder, &form.with("expires_at", "").with("reason", "for good")).await;
    assert_eq!(
        app.text(&format!("select expires_at is null from control.assignments where id = '{held}'")).await,
        "true"
    );
}

#[actix_web::test]
async fn what_has_expired_comes_back_and_what_is_revoked_does_not() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &["jobs.view"]).await;
    let person = nobody_special(&app).await;
    let held = give(&app, operator, ("user_id", person.id.expect("a person")), PLATFORM).await;
    let over = "expires_at = now() - interval '1 day', created_at = now() - interval '2 days'";
    app.execute(&format!("update control.assignments set {over} where id = '{held}'")).await;
    assert_eq!(person.get("/jobs").await.status, 403);
    let form = founder.get(&format!("/assignments/{held}/edit")).await.form().with("expires_at", "");
    let (shown, _) = confirm(&founder, &form.with("reason", "still needed")).await;
    assert_eq!(sides(&shown), ["1 person gains 1 right"]);
    assert_eq!(person.get("/jobs").await.status, 200);
    app.execute(&format!("update control.assignments set revoked_at = now() where id = '{held}'")).await;
    for page in [
        founder.get(&format!("/assignments/{held}/edit")).await,
        founder.post_form(&format!("/assignments/{held}"), &[("version", "1"), ("reason", "x")]).await,
    ] {
        assert_eq!(page.status, 409);
    }
    assert!(founder.get(&format!("/assignments/{held}")).await.link("Change the end").is_empty());
}

#[actix_web::test]
async fn nobody_lets_last_what_they_lack() {
    let app = TestApp::start().await;
    let giver = app.person_with(&["access.view", "access.manage", "tenants.view"]).await;
    let operator = make_role(&app, "operator", &["jobs.view"]).await;
    let held = give(&app, operator, ("user_id", nobody_special(&app).await.id.expect("a person")), PLATFORM).await;
    let url = format!("/assignments/{held}");
    app.execute(&format!("update control.assignments set expires_at = '2500-01-01' where id = '{held}'")).await;
    let form = giver.get(&format!("{url}/edit")).await.form().with("reason", "why");
    for longer in ["2500-01-02", ""] {
        let page = giver.submit(&form.clone().with("expires_at", longer)).await;
        assert_eq!(page.status, 422, "{longer}");
        assert!(page.field_error("expires_at").contains("jobs.view"), "{longer}: {:?}", page.errors());
        let sent = [("version", form.value("version")), ("reason", "x"), ("expires_at", longer), ("effect", "x")];
        assert_eq!(giver.post_form(&url, &sent).await.status, 422, "{longer}, past the effect");
    }
    confirm(&giver, &form.with("expires_at", "2400-01-01")).await;
    assert_eq!(app.support().await.get(&format!("{url}/edit")).await.status, 403);
    let unelevated = app.unelevated(giver.id.expect("a person"), &giver.email).await;
    assert_eq!(unelevated.get(&format!("{url}/edit")).await.location(), format!("/elevation?return_to={url}/edit"));
}

#[actix_web::test]
async fn the_last_founder_gets_no_end() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.execute(
        "update control.assignments a set revoked_at = now() from control.users u
        where u.id = a.user_id and u.email = 'founder@example.com'",
    )
    .await;
    let founder_role = role(&app, "founder").await;
    let own = format!("select id from control.assignments where role_id = '{founder_role}' and revoked_at is null");
    let own = app.text(&own).await;
    let form = founder.get(&format!("/assignments/{own}/edit")).await.form();
    let form = form.with("expires_at", "2999-01-01").with("reason", "why");
    let page = founder.submit(&form).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("last active founder"), "{}", page.text());
    app.staff("founder").await;
    confirm(&founder, &form).await;
}
