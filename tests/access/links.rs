//! What a link from a mail does: shows a form, sets a password once, and nothing more.

use castellan::mail::token;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{PASSWORD, Page, TestApp};

const NEW: &str = "fourteen green bicycles";

/// A pending person with an open invitation. Returns their id and the link.
async fn invited(app: &TestApp, email: &str) -> (Uuid, String) {
    let founder = app.founder().await;
    let role = app.text("select id from control.roles where name = 'support'").await;
    let form = founder.get("/people/new").await.form();
    let form = form.with("email", email).with("name", "Ada Lovelace").with("reason", "new");
    let answer = founder.submit(&form.with("role_id", &role)).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    let id: Uuid = answer.location().trim_start_matches("/people/").parse().expect("an id");
    (id, format!("/invitations/{}", signed(app, id, "invitation").await))
}

/// What the mail of the latest link of a kind holds.
async fn signed(app: &TestApp, user_id: Uuid, kind: &str) -> String {
    let latest = format!(
        "select id from control.user_credentials where user_id = '{user_id}' and kind = '{kind}'
        order by created_at desc limit 1"
    );
    token::sign(&app.app.site.secret, app.text(&latest).await.parse().expect("an id"))
}

async fn set(app: &TestApp, link: &str, password: &str) -> Page {
    app.anonymous().post_form(link, &[("password", password), ("password_again", password)]).await
}

#[actix_web::test]
async fn an_invitation_sets_a_password_once() {
    let app = TestApp::start().await;
    let (id, link) = invited(&app, "ada@example.org").await;
    let person = app.anonymous();
    for _ in 0..2 {
        let page = person.get(&link).await;
        assert_eq!((page.status, page.title().as_str()), (200, "Welcome to Castellan"));
        assert!(page.text().contains("ada@example.org"));
    }
    assert_eq!(person.sign_in("ada@example.org", NEW).await.status, 422, "pending people do not sign in");
    let form = person.get(&link).await.form().with("password", NEW).with("password_again", NEW);
    let answer = person.submit(&form).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/sign-in"), "{:?}", answer.errors());
    assert_eq!(answer.flash(), "Your password is set. Sign in as ada@example.org with it.");
    let event = app.event("user.accept_invitation").await;
    assert_eq!((event.actor_id, event.target_id, event.of("user_credentials").len()), (Some(id), Some(id), 2));
    assert!(!format!("{event:?}").contains(NEW) && !format!("{event:?}").contains("argon2"), "{event:?}");
    let state = "select concat_ws(' ', status, email_verified_at is not null) from control.users where email = 'ada@example.org'";
    assert_eq!(app.text(state).await, "active t");
    let signed_in = person.sign_in("ada@example.org", NEW).await;
    assert_eq!((signed_in.status, person.get("/tenants").await.status), (303, 200));

    for page in [app.anonymous().get(&link).await, set(&app, &link, "another password altogether").await] {
        assert_eq!(page.status, 410);
        assert!(page.text().contains("used already"), "{}", page.text());
    }
    assert_eq!(app.anonymous().sign_in("ada@example.org", NEW).await.status, 303, "the password stays");
}

#[actix_web::test]
async fn weak_passwords_are_refused_and_never_shown_again() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "ada.king@northwind.example").await;
    let verified = app.app.passwords.verified();
    let long = "x".repeat(257);
    for (password, again, field, said) in [
        ("", "", "password", "15 to 256 characters"),
        ("fourteen chars", "fourteen chars", "password", "15 to 256 characters"),
        (long.as_str(), long.as_str(), "password", "15 to 256 characters"),
        ("my castellan password", "my castellan password", "password", "castellan"),
        ("NORTHWIND sells much tea", "NORTHWIND sells much tea", "password", "northwind"),
        ("lovelace wrote the program", "lovelace wrote the program", "password", "lovelace"),
        (NEW, "something else", "password_again", "must be the same"),
    ] {
        let page = app.anonymous().post_form(&link, &[("password", password), ("password_again", again)]).await;
        assert_eq!(page.status, 422, "{password}");
        assert!(page.field_error(field).contains(said), "{password}: {:?}", page.errors());
        assert!(password.len() < 15 || !page.text().contains(password), "{password} is shown");
    }
    assert_eq!(app.app.passwords.verified(), verified);
    let odd = format!("{}🦀 \u{1F600}''\"<>", "é".repeat(15));
    assert_eq!(set(&app, &link, &odd).await.status, 303);
    assert_eq!(app.anonymous().sign_in("ada.king@northwind.example", &odd).await.status, 303);
}

#[actix_web::test]
async fn what_is_not_a_link_of_ours_is_gone() {
    let app = TestApp::start().await;
    let (id, link) = invited(&app, "ada@example.org").await;
    let token = link.trim_start_matches("/invitations/");
    let forged = token::sign(&castellan::config::Secret::load(&other_key(&app)).expect("a key"), id);
    let changed = format!("{}{}", &token[..token.len() - 2], if token.ends_with("AA") { "BB" } else { "AA" });
    for bad in [
        "x".to_owned(),
        forged,
        changed,
        token[..40].to_owned(),
        format!("{token}{token}"),
        "a".repeat(10_000),
        "%00".into(),
        "%FF".into(),
        token::sign(&app.app.site.secret, Uuid::now_v7()),
        token::sign(&app.app.site.secret, id),
    ] {
        let page = app.anonymous().get(&format!("/invitations/{bad}")).await;
        assert!(matches!(page.status, 404 | 410), "{bad}: {}", page.status);
        let page = set(&app, &format!("/invitations/{bad}"), NEW).await;
        assert!(matches!(page.status, 404 | 410), "{bad}: {}", page.status);
    }
    let elsewhere = app.anonymous().get(&format!("/password-resets/{token}")).await;
    assert_eq!(elsewhere.status, 410, "a link is for what it was made for");
    assert_eq!(app.anonymous().get(&link).await.status, 200);
}

fn other_key(app: &TestApp) -> castellan::config::Config {
    let mut config = app.config.clone();
    config.secret_key = Some("6f".repeat(32));
    config
}

#[actix_web::test]
async fn an_old_link_and_one_of_a_closed_account_are_gone() {
    let app = TestApp::start().await;
    let (id, link) = invited(&app, "ada@example.org").await;
    let set_expiry = |span: &str| {
        format!("update control.user_credentials set expires_at = now() + interval '{span}' where kind = 'invitation'")
    };
    app.execute(&set_expiry("-1 second")).await;
    let page = set(&app, &link, NEW).await;
    assert_eq!(page.status, 410);
    assert!(page.text().contains("too old"), "{}", page.text());
    app.execute(&set_expiry("1 hour")).await;
    app.execute(&format!("update control.users set status = 'deactivated' where id = '{id}'")).await;
    assert_eq!((app.anonymous().get(&link).await.status, set(&app, &link, NEW).await.status), (410, 410));
    app.execute(&format!("update control.users set deleted_at = now() where id = '{id}'")).await;
    assert_eq!(app.anonymous().get(&link).await.status, 410);
    assert!(app.events("user.accept_invitation").await.is_empty());
}

#[actix_web::test]
async fn a_link_used_by_eight_at_once_is_used_once() {
    let Some(app) = TestApp::on_server().await else { return };
    let (_, link) = invited(&app, "ada@example.org").await;
    let (app, link) = (std::rc::Rc::new(app), std::rc::Rc::new(link));
    let mut tries = JoinSet::new();
    for n in 0..8 {
        let (app, link) = (app.clone(), link.clone());
        tries.spawn_local(async move { set(&app, &link, &format!("{NEW} number {n}")).await.status });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 410 | 429)), "{statuses:?}");
    assert_eq!(app.number("select count(*) from control.user_credentials where kind = 'password' and revoked_at is null and user_id = (select id from control.users where email = 'ada@example.org')").await, 1);
}

#[actix_web::test]
async fn a_password_reset_replaces_the_password_and_ends_sessions() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let person = app.support().await;
    let id = person.id.expect("somebody");
    let ask = founder.get(&format!("/people/{id}/password-reset/new")).await;
    assert!(ask.texts("aside .panel").join("").contains(&format!("mail to {}", person.email)), "{}", ask.text());
    assert_eq!(founder.submit(&ask.form().with("reason", "forgot it")).await.status, 303);
    let link = format!("/password-resets/{}", signed(&app, id, "password_reset").await);
    assert_eq!(app.anonymous().get(&link).await.title(), "A new password");
    assert_eq!(person.get("/tenants").await.status, 200, "until the link is used nothing changes");
    assert_eq!(app.anonymous().sign_in(&person.email, PASSWORD).await.status, 303);
    let left = "select (expires_at between now() + interval '59 minutes' and now() + interval '60 minutes')::text
        from control.user_credentials where kind = 'password_reset'";
    assert_eq!(app.text(left).await, "true");

    assert_eq!(set(&app, &link, NEW).await.status, 303);
    assert_eq!(person.get("/tenants").await.status, 303, "sessions have ended");
    assert_eq!(app.anonymous().sign_in(&person.email, PASSWORD).await.status, 422);
    assert_eq!(app.anonymous().sign_in(&person.email, NEW).await.status, 303);
    assert_eq!(app.event("user.set_password").await.actor_id, Some(id));
    assert_eq!(set(&app, &link, "another password altogether").await.status, 410);
}

#[actix_web::test]
async fn another_address_makes_links_to_the_old_one_stop_working() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (id, link) = invited(&app, "ada@example.org").await;
    let form = founder.get(&format!("/people/{id}/edit")).await.form();
    assert_eq!(founder.submit(&form.with("email", "ada@example.net")).await.status, 303);
    assert_eq!(app.anonymous().get(&link).await.status, 410);
    assert_eq!(app.number("select count(*) from control.outbox").await, 0, "and what was not sent is taken back");
}

#[actix_web::test]
async fn a_password_by_a_link_is_a_security_event_and_so_is_one_by_a_link_that_is_over() {
    let app = TestApp::start().await;
    let (id, link) = invited(&app, "ada@example.org").await;
    assert_eq!(set(&app, &link, NEW).await.status, 303);
    let event = app.security_event("authn_password_change").await;
    assert_eq!((event.actor_id, &event.details["how"]), (Some(id), &"invitation".into()));
    assert_eq!(app.anonymous().get(&link).await.status, 410);
    assert!(app.security_events("authn_password_change_fail").await.is_empty(), "mail programs open links");
    for _ in 0..3 {
        assert_eq!(set(&app, &link, "another password altogether").await.status, 410);
    }
    let event = app.security_event("authn_password_change_fail").await;
    assert_eq!((event.severity.as_str(), event.actor_id), ("warning", None));
    let (_, token) = link.rsplit_once('/').expect("a token");
    assert!(!event.details.to_string().contains(token));
}
