//! There is always a founder, also when two people act at once.

use uuid::Uuid;

use crate::support::{Page, Person, TestApp};

async fn ask(person: &Person, id: Uuid, noun: &str) -> Page {
    person.get(&format!("/people/{id}/{noun}/new")).await
}

async fn take_away(person: &Person, id: Uuid, email: &str, noun: &str) -> Page {
    let page = ask(person, id, noun).await;
    if page.status != 200 {
        return page;
    }
    person.submit(&page.form().with("reason", "test").with("confirm", email)).await
}

/// A founder beside the one of the first start, who does not count any more.
async fn only_founder(app: &TestApp) -> Person {
    let founder = app.founder().await;
    app.execute("update control.users set status = 'deactivated' where email = 'founder@example.com'").await;
    founder
}

#[actix_web::test]
async fn the_last_active_founder_stays() {
    let app = TestApp::start().await;
    let founder = only_founder(&app).await;
    let (other, email) = app.staff("founder").await;
    // Holds every right without being a founder.
    let all = castellan::routes::privileges();
    let all: Vec<&str> = all.iter().map(|info| info.name).collect();
    let equal = app.person_with(&all).await;
    assert_eq!(take_away(&equal, other, &email, "suspension").await.status, 303);
    let (last, email) = (founder.id.expect("somebody"), founder.email.clone());
    for noun in ["lock", "suspension", "deactivation"] {
        let page = take_away(&equal, last, &email, noun).await;
        assert_eq!(page.status, 409, "{noun}");
        assert!(page.errors().join("").contains("last active founder"), "{noun}: {:?}", page.errors());
    }
    assert_eq!(founder.get("/people").await.status, 200, "the session goes on");
    // One whose role ends does not count.
    app.execute(&format!("update control.users set status = 'active' where id = '{other}'")).await;
    app.execute(&format!(
        "update control.assignments set expires_at = now() + interval '1 day' where user_id = '{other}'"
    ))
    .await;
    assert_eq!(take_away(&equal, last, &email, "suspension").await.status, 409);
    app.execute(&format!("update control.assignments set expires_at = null where user_id = '{other}'")).await;
    assert_eq!(take_away(&equal, last, &email, "suspension").await.status, 303);
    assert_eq!(founder.get("/people").await.status, 303);
}

/// The form comes back with what was typed.
#[actix_web::test]
async fn the_last_founders_role_gets_no_end() {
    let app = TestApp::start().await;
    let founder = only_founder(&app).await;
    let id = founder.id.expect("somebody");
    let assignment = app.text(&format!("select id from control.assignments where user_id = '{id}'")).await;
    let path = format!("/assignments/{assignment}");
    let form = founder.get(&format!("{path}/edit")).await.form().with("expires_at", "2099-01-31").with("reason", "x");
    let page = founder.submit(&form).await;
    assert_eq!(page.status, 409);
    assert!(page.errors().join("").contains("last active founder"), "{:?}", page.errors());
    assert_eq!((page.value("expires_at"), page.value("reason")), ("2099-01-31".to_owned(), "x".to_owned()));
    assert_eq!(app.text(&format!("select expires_at from control.assignments where id = '{assignment}'")).await, "");
}

#[actix_web::test]
async fn nobody_takes_their_own_access_away() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = founder.id.expect("somebody");
    for noun in ["lock", "suspension", "deactivation"] {
        let page = take_away(&founder, id, &founder.email, noun).await;
        assert_eq!(page.status, 409, "{noun}");
        assert!(page.errors().join("").contains("Nobody can do this to themselves"), "{noun}: {:?}", page.errors());
        let fields = [("reason", "x"), ("confirm", founder.email.as_str()), ("hours", "5")];
        let direct = founder.post_form(&format!("/people/{id}/{noun}"), &fields).await;
        assert_eq!(direct.status, 409, "{noun}");
    }
    let page = founder.get(&format!("/people/{id}")).await;
    assert!(page.link("Suspend…").is_empty() && page.link("Deactivate…").is_empty());
}

#[actix_web::test]
async fn two_founders_cannot_take_each_other_away_at_once() {
    let Some(app) = TestApp::on_server().await else { return };
    let one = only_founder(&app).await;
    for round in 0..6 {
        let other = app.founder().await;
        let (first, second) = (one.id.expect("somebody"), other.id.expect("somebody"));
        let noun = ["lock", "suspension", "deactivation"][round % 3];
        let forms = (ask(&one, second, noun).await, ask(&other, first, noun).await);
        let (a, b) = (
            forms.0.form().with("reason", "race").with("confirm", &other.email),
            forms.1.form().with("reason", "race").with("confirm", &one.email),
        );
        let (a, b) = tokio::join!(one.submit(&a), other.submit(&b));
        let founders = "select count(*) from control.users u join control.assignments a on a.user_id = u.id
            join control.roles r on r.id = a.role_id where r.name = 'founder' and u.status = 'active'";
        // Whose session has ended by then is sent to sign in.
        let is_done = |page: &&Page| page.status == 303 && page.location().starts_with("/people");
        let done = [&a, &b].into_iter().filter(is_done).count() as i64;
        let left = app.number(founders).await;
        assert!(left >= 1, "round {round}: {} {}", a.status, b.status);
        // Both are refused when each ends the session that the other one acts in; then nothing has happened.
        assert_eq!(left + done, 2, "round {round}: {} {}", a.status, b.status);
        app.execute(&format!(
            "update control.users set status = 'deactivated' where id = '{second}';
            update control.users set status = 'active' where id = '{first}'"
        ))
        .await;
        // Whoever was signed out signs in again.
        one.sign_in(&one.email, crate::support::PASSWORD).await;
        app.elevate(&one).await;
    }
}
