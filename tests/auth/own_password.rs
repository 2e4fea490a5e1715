//! Changing one's own password.

use crate::support::{PASSWORD, Person, TestApp};

const PATH: &str = "/account/password";
const NEW: &str = "an even longer battery";

async fn change(person: &Person, old: &str, new: &str) -> crate::support::Page {
    person.post_form(PATH, &[("password", old), ("new_password", new), ("new_password_again", new)]).await
}

#[actix_web::test]
async fn the_old_one_is_asked_for_and_other_sessions_end() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    let (person, elsewhere) = (app.unelevated(id, &email).await, app.unelevated(id, &email).await);
    assert_eq!(person.get(PATH).await.form().fields.len(), 3);
    let wrong = change(&person, "wrong horse", NEW).await;
    assert_eq!((wrong.status, wrong.field_error("password").as_str()), (422, "does not fit"));
    assert!(!wrong.text().contains(NEW), "passwords are not repeated");
    assert_eq!(change(&person, PASSWORD, NEW).await.status, 303);
    assert_eq!(person.get("/account/sessions").await.status, 200);
    assert_eq!(elsewhere.get("/account/sessions").await.status, 303);
    assert_eq!(app.anonymous().sign_in(&email, PASSWORD).await.status, 422);
    assert_eq!(app.anonymous().sign_in(&email, NEW).await.status, 303);
    let event = app.event("user.change_password").await;
    assert_eq!((event.actor_id, event.of("user_credentials").len()), (Some(id), 2));
    assert_eq!(app.text("select subject from control.outbox").await, "Your password was changed");
    let log = app.texts("select to_jsonb(c) from audit.changes c").await.join("\n");
    assert!(!log.contains("argon2"), "hashes stay out of the log");
}

#[actix_web::test]
async fn elevation_stands_for_the_old_one() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    assert_eq!(person.get(PATH).await.form().fields.len(), 2);
    assert_eq!(change(&person, "", NEW).await.status, 303);
}

#[actix_web::test]
async fn it_has_fifteen_to_256_characters_of_any_kind() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let many: String = (0..200).map(|number| number.to_string()).collect();
    for (new, status) in [
        ("fourteen chars", 422),
        ("fifteen of char", 303),
        (&"🦀".repeat(14), 422),
        (&format!("{}é", "🦀".repeat(14)), 303),
        (&many[..256], 303),
        (&many[..257], 422),
        ("", 422),
    ] {
        let page = change(&person, "", new).await;
        assert_eq!(page.status, status, "{new}");
        assert!(status == 303 || page.field_error("new_password").starts_with("must have 15 to 256 characters"));
    }
    let fields = [("new_password", NEW), ("new_password_again", "an even longer batterz")];
    let page = person.post_form(PATH, &fields).await;
    assert_eq!((page.status, page.field_error("new_password_again").as_str()), (422, "must be the same as above"));
}

#[actix_web::test]
async fn guesses_at_the_old_one_wait() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    let person = app.unelevated(id, &email).await;
    for _ in 0..5 {
        assert_eq!(change(&person, "wrong horse", NEW).await.status, 422);
    }
    let page = change(&person, PASSWORD, NEW).await;
    assert_eq!((page.status, page.header("retry-after")), (429, "1"));
}

#[actix_web::test]
async fn a_change_and_a_try_without_the_old_one_are_security_events() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    let person = app.unelevated(id, &email).await;
    change(&person, PASSWORD, "short").await;
    assert!(app.security_events("authn_password_change_fail").await.is_empty(), "that is a typing mistake");
    change(&person, "wrong horse", NEW).await;
    let event = app.security_event("authn_password_change_fail").await;
    assert_eq!((event.severity.as_str(), event.actor_id), ("warning", Some(id)));
    assert!(app.security_events("authn_password_change").await.is_empty());
    assert_eq!(change(&person, PASSWORD, NEW).await.status, 303);
    let event = app.security_event("authn_password_change").await;
    assert_eq!((event.severity.as_str(), event.actor_id), ("info", Some(id)));
    assert_eq!(event.details["user_id"], id.to_string());
    let noted = app.texts("select details from audit.security_events").await.join(" ");
    assert!(!noted.contains(NEW) && !noted.contains("wrong horse"), "{noted}");
}
