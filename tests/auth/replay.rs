//! What was recorded before a sign-out is worth nothing after it: cookies, forms, pages and requests on their way.

use tokio::task::JoinSet;

use crate::support::{Person, SESSION, TestApp};

/// Whether this browser is signed in.
async fn is_in(person: &Person) -> bool {
    person.get("/account/sessions").await.status == 200
}

fn thief_with(app: &TestApp, cookie: &str) -> Person {
    let thief = app.anonymous();
    thief.set_cookie(SESSION, cookie);
    thief
}

#[actix_web::test]
async fn a_stolen_cookie_is_worth_nothing_after_sign_out() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let stolen = person.cookie(SESSION);
    let answer = person.post_form("/sign-out", &[]).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/sign-in"));
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(person.cookie(SESSION), "", "the browser forgets it");
    let thief = app.anonymous();
    thief.set_cookie(SESSION, &stolen);
    assert!(!is_in(&thief).await);
    assert_eq!(app.event("session.sign_out").await.of("sessions")[0].after["revoked_reason"], "signed_out");
}

/// Whichever way a session ends, its cookie ends with it.
#[actix_web::test]
async fn every_end_of_a_session_ends_its_cookie() {
    let app = TestApp::start().await;
    for end in ["sign-out", "others", "staff", "suspension", "password"] {
        let person = app.admin().await;
        let id = person.id.expect("a person");
        let (stolen, elsewhere) = (person.cookie(SESSION), app.browser_of(id, &person.email).await);
        let founder = app.founder().await;
        let post = async |who: &Person, path: &str, fields: &[(&str, &str)]| {
            let answer = who.post_form(path, fields).await;
            assert_eq!(answer.status, 303, "{end}: {:?}", answer.errors());
        };
        let reason = [("reason", "x"), ("confirm", person.email.as_str())];
        match end {
            "sign-out" => post(&person, "/sign-out", &[]).await,
            "others" => post(&elsewhere, "/account/sessions/end-others", &[]).await,
            "staff" => post(&founder, &format!("/people/{id}/sign-out"), &reason).await,
            "suspension" => post(&founder, &format!("/people/{id}/suspension"), &reason).await,
            _ => {
                let new = "another horse, another battery";
                post(&elsewhere, "/account/password", &[("new_password", new), ("new_password_again", new)]).await;
            }
        }
        let thief = thief_with(&app, &stolen);
        assert!(!is_in(&thief).await, "{end}");
        assert_eq!(thief.get("/tenants.json").await.status, 401, "{end}: nor for programs");
        assert_eq!(thief.htmx_get("/tenants").await.status, 204, "{end}: nor in fragments");
        assert_eq!(thief.post_form("/tenants", &[("name", "Mine")]).await.status, 401, "{end}");
    }
}

/// A form that somebody recorded does nothing afterwards, not even with its own key, and not for the next person who
/// signs in on the same browser.
#[actix_web::test]
async fn a_recorded_form_is_not_sent_again_by_others() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let form = person.get("/tenants/new").await.form();
    let form = form.with("name", "Northwind").with("slug", "northwind").with("region", "eu-west");
    let stolen = person.cookie(SESSION);
    assert_eq!(person.submit(&form).await.status, 303);
    assert_eq!(person.post_form("/sign-out", &[]).await.status, 303);
    let before = app.log_size().await;
    assert_eq!(thief_with(&app, &stolen).submit(&form).await.status, 401);
    let support = app.support().await;
    assert_eq!(support.submit(&form).await.status, 403, "another person has their own rights");
    let after = app.events("tenant.create").await.len();
    assert_eq!(after, 1, "{before:?}");
}

/// Requests race with the sign-out: each is either done before it or not at all, and none is let in after it.
#[actix_web::test]
async fn requests_that_race_with_the_sign_out_are_done_before_it_or_not_at_all() {
    let Some(app) = TestApp::on_server().await else { return };
    for round in 0..4 {
        let person = app.admin().await;
        let cookie = person.cookie(SESSION);
        let mut race = JoinSet::new();
        for number in 0..8 {
            let browser = thief_with(&app, &cookie);
            race.spawn_local(async move {
                let slug = format!("racer-{round}-{number}");
                let fields = [("name", "Racer"), ("slug", &*slug), ("region", "eu-west"), ("isolation", "row")];
                browser.post_form("/tenants", &fields).await
            });
        }
        let out = person.post_form("/sign-out", &[]).await;
        assert_eq!(out.status, 303);
        let mut made = 0;
        for answer in race.join_all().await {
            let is_made = answer.status == 303 && answer.location().starts_with("/tenants/");
            let is_refused = answer.status == 401 || answer.location().starts_with("/sign-in");
            assert!(is_made || is_refused, "round {round}: {} {}", answer.status, answer.location());
            made += i64::from(is_made);
        }
        let rows = format!("select count(*) from control.tenants where slug like 'racer-{round}-%'");
        assert_eq!(app.number(&rows).await, made, "round {round}");
        let id = person.id.expect("a person");
        let late = format!(
            "select count(*) from audit.events e where e.actor_id = '{id}' and e.action = 'tenant.create'
                and e.outcome = 'success' and e.occurred_at > (select o.occurred_at from audit.events o
                    where o.actor_id = '{id}' and o.action = 'session.sign_out') + interval '1 second'"
        );
        assert_eq!(app.number(&late).await, 0, "round {round}");
        assert!(!is_in(&thief_with(&app, &cookie)).await);
    }
}
