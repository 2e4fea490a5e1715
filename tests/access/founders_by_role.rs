//! The last founder stays.

use castellan::commands::setup;
use uuid::Uuid;

use super::{PLATFORM, act, confirm, give, role};
use crate::support::TestApp;

/// Takes the founder away that the first start makes, so that those of the test are all there are.
async fn alone(app: &TestApp) {
    app.execute(
        "update control.assignments a set revoked_at = now() from control.users u
        where u.id = a.user_id and u.email = 'founder@example.com'",
    )
    .await;
}

async fn assignment(app: &TestApp, user: Uuid) -> String {
    app.text(&format!("select id from control.assignments where user_id = '{user}' and revoked_at is null")).await
}

#[actix_web::test]
async fn the_last_founder_cannot_be_revoked() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    alone(&app).await;
    let own = assignment(&app, founder.id.expect("a person")).await;
    let page = founder.get(&format!("/assignments/{own}/revocation/new")).await;
    assert_eq!(page.status, 409);
    assert!(page.errors().join("").contains("last active founder"), "{:?}", page.errors());
    let answer = founder.post_form(&format!("/assignments/{own}/revocation"), &[("reason", "bye")]).await;
    assert_eq!(answer.status, 409);
    assert_eq!(founder.get("/roles").await.status, 200);

    for useless in ["status = 'suspended'", "is_staff = false", "deleted_at = now()"] {
        let (id, _) = app.staff("founder").await;
        app.execute(&format!("update control.users set {useless} where id = '{id}'")).await;
    }
    let (ends, _) = app.staff("founder").await;
    let ending =
        format!("update control.assignments set expires_at = now() + interval '1 day' where user_id = '{ends}'");
    app.execute(&ending).await;
    assert_eq!(founder.get(&format!("/assignments/{own}/revocation/new")).await.status, 409, "none of these stays");
    let (_, done) = act(&founder, &format!("/assignments/{}/revocation", assignment(&app, ends).await)).await;
    assert_eq!(done.status, 303, "others can go");

    app.staff("founder").await;
    let (_, done) = act(&founder, &format!("/assignments/{own}/revocation")).await;
    assert_eq!(done.status, 303);
    assert_eq!(founder.get("/roles").await.status, 403);
}

#[actix_web::test]
async fn a_group_can_hold_the_last_founder() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = founder.id.expect("a person");
    alone(&app).await;
    let own = assignment(&app, id).await;
    let group = Uuid::now_v7();
    app.execute(&format!("insert into control.groups (id, name) values ('{group}', 'owners')")).await;
    let held = give(&app, role(&app, "founder").await, ("group_id", group), PLATFORM).await;
    let form = founder.get(&format!("/groups/{group}/members/new")).await.form();
    confirm(&founder, &form.with("email", &founder.email).with("reason", "both ways")).await;
    assert_eq!(act(&founder, &format!("/assignments/{own}/revocation")).await.1.status, 303);
    let member = app.text("select id from control.group_memberships").await;
    for last in [
        format!("/groups/{group}/deletion"),
        format!("/groups/{group}/members/{member}/removal"),
        format!("/assignments/{held}/revocation"),
    ] {
        assert_eq!(founder.get(&format!("{last}/new")).await.status, 409, "{last}");
        assert_eq!(founder.post_form(&last, &[("reason", "bye")]).await.status, 409, "{last}");
    }
    assert_eq!(founder.get("/roles").await.status, 200);
    let all: Vec<&str> = castellan::routes::privileges().iter().map(|info| info.name).collect();
    let equal = app.person_with(&all).await;
    for noun in ["lock", "suspension", "deactivation"] {
        let fields = [("reason", "bye"), ("confirm", founder.email.as_str()), ("hours", "5")];
        let page = equal.post_form(&format!("/people/{id}/{noun}"), &fields).await;
        assert_eq!(page.status, 409, "{noun}: {:?}", page.errors());
        assert!(page.errors().join("").contains("last active founder"), "{noun}: {:?}", page.errors());
    }
    let known = setup::prepare(app.db(), &app.config, &app.app.passwords).await.expect("the console can start");
    assert_eq!(known, Some((id, founder.email.clone())), "nobody else is made founder at the next start");
}

/// Who could not suspend a founder cannot take what makes one away either, whatever it is that makes one.
#[actix_web::test]
async fn who_may_less_than_founders_takes_no_founder_away() {
    let app = TestApp::start().await;
    let (founder, manager) = (app.founder().await, app.person_with(&["access.view", "access.manage"]).await);
    let id = founder.id.expect("a person");
    let own = assignment(&app, id).await;
    let group = Uuid::now_v7();
    app.execute(&format!("insert into control.groups (id, name) values ('{group}', 'owners')")).await;
    let held = give(&app, role(&app, "founder").await, ("group_id", group), PLATFORM).await;
    app.execute(&format!(
        "insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{group}', '{id}')"
    ))
    .await;
    let member = app.text("select id from control.group_memberships").await;
    for taken in [
        format!("/people/{id}/suspension"),
        format!("/assignments/{own}/revocation"),
        format!("/assignments/{held}/revocation"),
        format!("/groups/{group}/deletion"),
        format!("/groups/{group}/members/{member}/removal"),
    ] {
        let page = manager.get(&format!("{taken}/new")).await;
        assert_eq!(page.status, 409, "{taken}");
        assert!(page.errors().join("").contains("rights that you lack"), "{taken}: {:?}", page.errors());
        let fields = [("reason", "coup"), ("confirm", founder.email.as_str())];
        assert_eq!(manager.post_form(&taken, &fields).await.status, 409, "{taken}");
    }
    let ending = manager.get(&format!("/assignments/{own}/edit")).await.form();
    let page = manager.submit(&ending.with("expires_at", "2999-01-01").with("reason", "coup")).await;
    assert_eq!((page.status, page.value("expires_at")), (409, "2999-01-01".to_owned()));
    assert_eq!(founder.get("/roles").await.status, 200);

    let viewing = give(&app, role(&app, "auditor").await, ("user_id", id), PLATFORM).await;
    let (_, done) = act(&manager, &format!("/assignments/{viewing}/revocation")).await;
    assert_eq!(done.status, 303, "other roles can be taken from founders, too");
    let all: Vec<&str> = castellan::routes::privileges().iter().map(|info| info.name).collect();
    let equal = app.person_with(&all).await;
    let (_, done) = act(&equal, &format!("/assignments/{own}/revocation")).await;
    assert_eq!(done.status, 303, "who has what founders have may");
}

#[actix_web::test]
async fn two_founders_cannot_go_at_once() {
    let Some(app) = TestApp::on_server().await else { return };
    alone(&app).await;
    for round in 0..5 {
        let (one, other) = (app.founder().await, app.founder().await);
        let (first, second) = (one.id.expect("a person"), other.id.expect("a person"));
        app.execute(&format!(
            "update control.assignments set revoked_at = now()
            where user_id not in ('{first}', '{second}') and revoked_at is null"
        ))
        .await;
        let (a, b) = (assignment(&app, first).await, assignment(&app, second).await);
        let (a, b) = (format!("/assignments/{a}/revocation"), format!("/assignments/{b}/revocation"));
        let reason = [("reason", "bye")];
        // Each takes the other's away.
        let (left, right) = tokio::join!(one.post_form(&b, &reason), other.post_form(&a, &reason));
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        // Who comes second is kept from it by the rule, or has lost the right by then.
        assert!(statuses[0] == 303 && [403, 409].contains(&statuses[1]), "round {round}: {statuses:?}");
        let lasting = "select control.lasting_founders()";
        assert_eq!(app.number(lasting).await, 1, "round {round}");
    }
}
