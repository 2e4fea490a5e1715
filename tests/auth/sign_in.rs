//! Signing in with a password or a link, and what guessing gets.

use castellan::auth::password::Cost;
use castellan::commands::setup;
use tokio::task::JoinSet;

use crate::support::{PASSWORD, Page, TestApp};

const WRONG: &str = "wrong horse battery staple";

/// The path of a new one-time link for the founder of the first start.
async fn link(app: &TestApp) -> String {
    let id = app.text("select id from control.users where email = 'founder@example.com'").await;
    let id = id.parse().expect("an id");
    let address = setup::sign_in_link(app.db(), &app.config, "test", id).await.expect("a link can be made");
    let path = address.find("/sign-in/link/").expect("a link leads to its page");
    address[path..].to_owned()
}

/// Moves every try so far into the past, as if this long had passed.
async fn wait(app: &TestApp, span: &str) {
    app.execute(&format!("update control.login_attempts set occurred_at = occurred_at - interval '{span}'")).await;
}

#[actix_web::test]
async fn a_link_signs_in_once() {
    let app = TestApp::start().await;
    let path = link(&app).await;
    let person = app.anonymous();
    let answer = person.get(&path).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/"));
    assert_eq!(person.get("/account/sessions").await.status, 200);
    let event = app.event("session.sign_in").await;
    assert_eq!((event.details["factor"].as_str(), event.of("sessions").len()), (Some("link"), 1));

    let page = app.anonymous().get(&path).await;
    assert_eq!(page.status, 410);
    assert!(page.errors()[0].contains("used already"), "{:?}", page.errors());
    assert!(page.set_cookies().iter().all(|cookie| !cookie.starts_with("castellan=")));
    assert_eq!(app.anonymous().get("/sign-in/link/never-made").await.status, 410);
}

#[actix_web::test]
async fn a_link_ends_after_ten_minutes_and_with_its_person() {
    let app = TestApp::start().await;
    let (old, other) = (link(&app).await, link(&app).await);
    let left = "select bool_and(expires_at between now() + interval '9 minutes' and now() + interval '10 minutes')
        from control.user_credentials";
    assert_eq!(app.text(left).await, "true");
    app.execute("update control.user_credentials set expires_at = now() - interval '1 second'").await;
    assert_eq!(app.anonymous().get(&old).await.status, 410);
    app.execute("update control.user_credentials set expires_at = now() + interval '1 minute'").await;
    app.execute("update control.users set status = 'suspended'").await;
    let person = app.anonymous();
    assert_eq!(person.get(&other).await.status, 410);
    assert_eq!(person.get("/account/sessions").await.status, 303);
}

#[actix_web::test]
async fn a_password_signs_in_and_leads_to_where_one_was_going() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    let person = app.anonymous();
    let page = person.get("/tenants?status=active").await;
    assert_eq!((page.status, page.location().as_str()), (303, "/sign-in?return_to=/tenants%3Fstatus%3Dactive"));
    let form = person.follow(&page).await.form().with("email", &email.to_uppercase()).with("password", PASSWORD);
    let answer = person.submit(&form).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants?status=active"));
    assert_eq!(person.follow(&answer).await.status, 200);

    let event = app.event("session.sign_in").await;
    assert_eq!((event.actor_id, event.target_id, event.session_id), (Some(id), Some(id), None));
    assert_eq!(event.details["factor"], "password");
    assert_eq!(app.text("select outcome from control.login_attempts").await, "success");
    assert_eq!(person.get("/sign-in").await.location(), "/");
}

#[actix_web::test]
async fn what_is_missing_is_said_without_a_try() {
    let app = TestApp::start().await;
    let person = app.anonymous();
    let page = person.post_form("/sign-in", &[]).await;
    assert_eq!((page.status, page.errors().len()), (422, 2));
    let page = person.sign_in("a@example.com", &"x".repeat(1025)).await;
    assert_eq!((page.status, page.field_error("password").as_str()), (422, "may have 1024 bytes at most"));
    let page = person.sign_in("a@example.com\0", "x").await;
    assert_eq!(page.status, 422);
    assert_eq!(page.value("password"), "", "a password is never sent back");
    assert_eq!((app.app.passwords.verified(), app.number("select count(*) from control.login_attempts").await), (0, 0));
}

#[actix_web::test]
async fn unknown_people_and_wrong_passwords_cannot_be_told_apart() {
    let app = TestApp::start().await;
    let (_, known) = app.staff("admin").await;
    let (_, inactive) = app.staff("admin").await;
    let (_, customer) = app.staff("admin").await;
    app.execute(&format!("update control.users set status = 'suspended' where email = '{inactive}'")).await;
    app.execute(&format!("update control.users set is_staff = false where email = '{customer}'")).await;
    let unknown = known.replace("admin", "nimda");
    let mut seen: Vec<(String, Page)> = Vec::new();
    for (email, password, outcome) in [
        (&known, WRONG, "wrong_password"),
        (&unknown, WRONG, "unknown_account"),
        (&inactive, PASSWORD, "inactive"),
        (&customer, PASSWORD, "inactive"),
    ] {
        let before = app.app.passwords.verified();
        let page = app.anonymous().sign_in(email, password).await;
        assert_eq!(app.app.passwords.verified(), before + 1, "{outcome} costs one hash");
        let noted = app.texts("select outcome from control.login_attempts order by occurred_at, id").await;
        assert_eq!(noted.last().map(String::as_str), Some(outcome));
        seen.push((email.clone(), page));
    }
    let plain = |email: &str, page: &Page| {
        let mut headers: Vec<String> = page.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.retain(|header| !header.starts_with("x-request-id") && !header.starts_with("date"));
        (page.status, headers, page.text().replace(email, "someone"))
    };
    for (email, page) in &seen {
        assert_eq!(page.status, 422);
        assert_eq!(plain(email, page), plain(&seen[0].0, &seen[0].1), "{email}");
    }
}

#[actix_web::test]
async fn trouble_is_noted_without_addresses() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    app.anonymous().sign_in(&email, WRONG).await;
    let noted = app.text("select to_jsonb(s) from audit.security_events s").await;
    assert!(noted.contains("authn_login_fail") && noted.contains(&id.to_string()), "{noted}");
    for secret in [email.as_str(), WRONG, "127.0.0"] {
        assert!(!noted.contains(secret), "{secret} is in {noted}");
        let tries = app.text("select to_jsonb(a) from control.login_attempts a").await;
        assert!(!tries.contains(secret), "{secret} is in {tries}");
    }
    assert_eq!(app.number(&format!("select failed_login_count from control.users where id = '{id}'")).await, 1);
}

#[actix_web::test]
async fn after_five_failures_strangers_wait_and_a_known_browser_does_not() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    let owner = app.browser_of(id, &email).await;
    assert_eq!(owner.post_form("/sign-out", &[]).await.status, 303);
    let stranger = app.anonymous();
    for _ in 0..5 {
        assert_eq!(stranger.sign_in(&email, WRONG).await.status, 422);
    }
    let page = stranger.sign_in(&email, PASSWORD).await;
    assert_eq!((page.status, page.header("retry-after")), (429, "1"));
    assert!(page.errors()[0].contains("Wait 1 second,"), "{:?}", page.errors());
    assert_eq!(app.anonymous().sign_in(&email, PASSWORD).await.status, 429, "another browser waits too");
    assert_eq!(app.app.passwords.verified(), 6, "whoever waits costs no hash");
    assert_eq!(owner.sign_in(&email, PASSWORD).await.status, 303, "the owner is not locked out");

    for _ in 0..5 {
        app.anonymous().sign_in("nobody@example.com", WRONG).await;
    }
    let page = app.anonymous().sign_in("nobody@example.com", WRONG).await;
    assert_eq!(page.status, 429, "unknown people wait too, or they could be told apart");
}

#[actix_web::test]
async fn the_wait_doubles_and_ends() {
    let app = TestApp::start().await;
    let (_, email) = app.staff("admin").await;
    let stranger = app.anonymous();
    for _ in 0..5 {
        stranger.sign_in(&email, WRONG).await;
    }
    for seconds in [1, 2, 4, 8] {
        let page = stranger.sign_in(&email, PASSWORD).await;
        assert_eq!((page.status, page.header("retry-after")), (429, seconds.to_string().as_str()));
        wait(&app, &format!("{seconds} seconds")).await;
        assert_eq!(stranger.sign_in(&email, WRONG).await.status, 422);
    }
    wait(&app, "16 seconds").await;
    assert_eq!(stranger.sign_in(&email, PASSWORD).await.status, 303);
    stranger.post_form("/sign-out", &[]).await;
    assert_eq!(app.anonymous().sign_in(&email, WRONG).await.status, 422, "success begins the count anew");
}

/// A real guesser does not wait for answers. The hash is dear enough here for guesses to overlap.
#[actix_web::test]
async fn two_hundred_guesses_at_once_get_few_looks() {
    let app = TestApp::configured(Cost { memory_kib: 8192, passes: 3 }, |_| {}).await;
    let (_, email) = app.staff("admin").await;
    let mut guesses = JoinSet::new();
    for number in 0..200 {
        let (person, email) = (app.anonymous(), email.clone());
        guesses.spawn_local(async move { person.sign_in(&email, &format!("guess {number}")).await.status });
    }
    let answers = guesses.join_all().await;
    let looks = app.app.passwords.verified();
    assert!(looks <= 8, "{looks} of 200 guesses were looked at");
    assert!(answers.iter().all(|status| matches!(status, 422 | 429)), "{answers:?}");
}

#[actix_web::test]
async fn a_success_after_failures_is_noted_with_their_number() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    let person = app.anonymous();
    assert_eq!(person.sign_in(&email, PASSWORD).await.status, 303);
    assert!(app.security_events("authn_login_successafterfail").await.is_empty(), "nothing went wrong before");
    let stranger = app.anonymous();
    for _ in 0..3 {
        stranger.sign_in(&email, WRONG).await;
    }
    assert_eq!(stranger.sign_in(&email, PASSWORD).await.status, 303);
    let event = app.security_event("authn_login_successafterfail").await;
    assert_eq!((event.severity.as_str(), event.actor_id), ("info", Some(id)));
    assert_eq!(event.details["failures"], 3);
    assert_eq!(app.anonymous().sign_in(&email, PASSWORD).await.status, 303);
    app.security_event("authn_login_successafterfail").await;
}

#[actix_web::test]
async fn reaching_the_limit_of_failures_is_noted_once() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    for tries in 1..=5 {
        app.anonymous().sign_in(&email, WRONG).await;
        assert_eq!(app.security_events("authn_login_fail_max").await.len(), usize::from(tries == 5), "{tries}");
    }
    assert_eq!(app.anonymous().sign_in(&email, WRONG).await.status, 429);
    let event = app.security_event("authn_login_fail_max").await;
    assert_eq!((event.severity.as_str(), &event.details["user_id"]), ("warning", &id.to_string().into()));
    for _ in 0..5 {
        app.anonymous().sign_in("nobody@example.com", WRONG).await;
    }
    assert_eq!(app.security_events("authn_login_fail_max").await.len(), 2, "nobody learns whether there is an account");
    let noted = app.texts("select details from audit.security_events").await.join(" ");
    assert!(!noted.contains("nobody@example.com") && !noted.contains(&email), "{noted}");
}
