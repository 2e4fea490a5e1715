//! Sessions: how they begin, what they are worth, and how they end.

use castellan::action::Action;
use castellan::actor::{Actor, Can};
use castellan::auth::cookie;
use castellan::error::AppError;
use castellan::tenancy;
use castellan::tenancy::tenants::store;
use uuid::Uuid;

use crate::support::{PASSWORD, Person, SESSION, TestApp};

const USE_AFTER_END: &str = "session_use_after_expire";

/// Whether this browser is signed in.
async fn is_in(person: &Person) -> bool {
    let page = person.get("/account/sessions").await;
    assert!(matches!(page.status, 200 | 303), "{}", page.status);
    page.status == 200
}

/// The token in the signed cookie.
fn token(person: &Person) -> String {
    let cookie = person.cookie(SESSION);
    cookie[cookie.len() - 43..].to_owned()
}

#[actix_web::test]
async fn one_sees_and_ends_ones_own_sessions() {
    let app = TestApp::start().await;
    let here = app.admin().await;
    let id = here.id.expect("a person has an id");
    let there = app.browser_of(id, &here.email).await;
    let third = app.browser_of(id, &here.email).await;
    let stranger = app.admin().await;
    let page = here.get("/account/sessions").await;
    assert_eq!(page.rows().len(), 3);
    assert_eq!(page.texts(".state.ok").len(), 1, "one of them is this one");

    let session = async |person: &Person| {
        let hash = cookie::hash(&token(person)).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        app.text(&format!("select id from control.sessions where encode(token_hash, 'hex') = '{hash}'")).await
    };
    let path = format!("/account/sessions/{}/end", session(&there).await);
    assert_eq!(stranger.post_form(&path, &[]).await.status, 404, "somebody else's is not there");
    assert!(is_in(&there).await);
    assert_eq!(here.post_form(&path, &[]).await.status, 303);
    assert!(!is_in(&there).await, "dead at the next request");
    assert_eq!(here.post_form(&path, &[]).await.status, 404);

    assert_eq!(here.post_form("/account/sessions/end-others", &[]).await.flash(), "1 other session has ended.");
    assert!(!is_in(&third).await && is_in(&here).await && is_in(&stranger).await);
}

/// The session is looked up before the handler runs and may end before it writes.
#[actix_web::test]
async fn a_session_that_ends_while_its_request_is_on_the_way_changes_nothing() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let tenant = app.tenant("northwind").await;
    let user = person.id.expect("a person has an id");
    let session: Uuid =
        app.text(&format!("select id from control.sessions where user_id = '{user}'")).await.parse().unwrap();
    let grants = ["tenants.suspend".to_owned()];
    let mut actor = Actor::person(user, session, Uuid::now_v7(), person.email.clone(), "Admin".into(), &grants);
    actor.elevated_until = Some(jiff::Timestamp::MAX);
    let can = Can::<tenancy::Suspend>::prove(actor.into()).expect("the right was held at the look-up");
    let write = async || {
        let action = Action::on("tenant.suspend", "tenant", tenant).tenant(tenant).reason("late");
        app.db().write(&can, action, move |tx| store::suspend(tx, tenant, "late")).await
    };
    for end in [
        "revoked_at = now(), revoked_reason = 'ended_by_staff'",
        "revoked_at = null, revoked_reason = null, created_at = now() - interval '13 hours', absolute_expires_at = now() - interval '1 hour'",
    ] {
        app.execute(&format!("update control.sessions set {end}")).await;
        let before = app.log_size().await;
        let refused = write().await.expect_err("the session has ended");
        assert!(matches!(refused, AppError::SignIn), "{refused}");
        assert_eq!(app.log_size().await, before);
        assert_eq!(app.text("select status from control.tenants").await, "active");
    }
    app.execute("update control.sessions set absolute_expires_at = now() + interval '1 hour'").await;
    write().await.expect("it is the session that it hung on");
    app.leaves_jobs();
}

#[actix_web::test]
async fn sessions_end_by_idling_and_by_age() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let limits =
        "select bool_and(idle_expires_at between now() + interval '29 minutes' and now() + interval '30 minutes'
        and absolute_expires_at between now() + interval '719 minutes' and now() + interval '720 minutes')
        from control.sessions";
    assert_eq!(app.text(limits).await, "true");

    app.execute("update control.sessions set last_seen_at = now() - interval '20 minutes', idle_expires_at = now() + interval '10 minutes'").await;
    assert!(is_in(&person).await);
    let moved = "select idle_expires_at > now() + interval '29 minutes' from control.sessions";
    assert_eq!(app.text(moved).await, "true", "use moves the end of idling");

    app.execute("update control.sessions set absolute_expires_at = now() + interval '5 minutes', last_seen_at = now() - interval '5 minutes'").await;
    assert!(is_in(&person).await);
    let capped = "select idle_expires_at = absolute_expires_at from control.sessions";
    assert_eq!(app.text(capped).await, "true", "but never beyond the end of the session");

    app.execute("update control.sessions set idle_expires_at = now() - interval '1 second'").await;
    assert!(!is_in(&person).await);
    app.execute("update control.sessions set idle_expires_at = now() + interval '30 minutes', created_at = now() - interval '13 hours', absolute_expires_at = now() - interval '1 second'").await;
    assert!(!is_in(&person).await);
    app.execute("update control.sessions set absolute_expires_at = now() + interval '1 hour'").await;
    assert!(is_in(&person).await, "nothing else ended it");
}

#[actix_web::test]
async fn what_was_taken_away_is_gone_at_the_next_request() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let id = person.id.expect("a person has an id");
    assert_eq!(person.get("/tenants").await.status, 200);
    for (taken, given, status) in [
        (
            format!("update control.assignments set revoked_at = now() where user_id = '{id}'"),
            format!("update control.assignments set revoked_at = null where user_id = '{id}'"),
            403,
        ),
        (
            format!("update control.assignments set expires_at = now() where user_id = '{id}'"),
            format!("update control.assignments set expires_at = null where user_id = '{id}'"),
            403,
        ),
        (
            "update control.roles set deleted_at = now() where name = 'admin'".to_owned(),
            "update control.roles set deleted_at = null where name = 'admin'".to_owned(),
            403,
        ),
        (
            format!("update control.users set status = 'locked' where id = '{id}'"),
            format!("update control.users set status = 'active' where id = '{id}'"),
            303,
        ),
        (
            format!("update control.users set is_staff = false where id = '{id}'"),
            format!("update control.users set is_staff = true where id = '{id}'"),
            303,
        ),
        (
            format!("update control.users set deleted_at = now() where id = '{id}'"),
            format!("update control.users set deleted_at = null where id = '{id}'"),
            303,
        ),
        (
            format!("update control.users set authority_epoch = authority_epoch + 1 where id = '{id}'"),
            format!("update control.users set authority_epoch = authority_epoch - 1 where id = '{id}'"),
            303,
        ),
    ] {
        app.execute(&taken).await;
        assert_eq!(person.get("/tenants").await.status, status, "{taken}");
        app.execute(&given).await;
        assert_eq!(person.get("/tenants").await.status, 200, "{given}");
    }
}

#[actix_web::test]
async fn tokens_are_stored_nowhere() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let token = token(&person);
    let hash: String = cookie::hash(&token).iter().map(|byte| format!("{byte:02x}")).collect();
    let held = format!("select count(*) from control.sessions where token_hash = decode('{hash}', 'hex')");
    assert_eq!(app.number(&held).await, 1);
    for table in
        ["control.sessions", "control.login_attempts", "audit.events", "audit.changes", "audit.security_events"]
    {
        let rows = app.texts(&format!("select to_jsonb(t) from {table} t")).await.join("\n");
        assert!(!rows.contains(&token), "the token is in {table}");
        assert!(table == "control.sessions" || !rows.contains(&hash), "its hash is in {table}");
    }
}

#[actix_web::test]
async fn a_form_sent_after_the_session_ended_is_kept_and_sent_again() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let form = person.get("/tenants/new").await.form();
    let form = form.with("name", "Say \"hi\" <b>").with("slug", "hi").with("region", "eu-west");
    app.execute("update control.sessions set revoked_at = now(), revoked_reason = 'signed_out'").await;
    let page = person.submit(&form).await;
    assert_eq!((page.status, page.title().as_str()), (401, "Your session has ended"));
    assert_eq!(app.number("select count(*) from control.tenants").await, 0);
    let kept = page.form();
    assert_eq!((kept.action.as_str(), kept.value("name")), ("/tenants", "Say \"hi\" <b>"));
    assert_eq!(person.submit(&kept).await.status, 401, "it waits until somebody has signed in");
    assert_eq!(person.sign_in(&person.email, PASSWORD).await.status, 303);
    let done = person.submit(&kept).await;
    assert_eq!(done.status, 303, "{:?}", done.errors());
    assert_eq!(app.text("select name from control.tenants").await, "Say \"hi\" <b>");
    assert_eq!(person.submit(&kept).await.location(), done.location(), "and is done once");
}

#[actix_web::test]
async fn what_is_kept_for_later_holds_no_password_and_nothing_is_kept_of_nothing() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let page = nobody.post_form("/tenants", &[("name", "North"), ("new_password", PASSWORD)]).await;
    assert_eq!(page.status, 401);
    assert!(page.text().contains("North") && !page.text().contains(PASSWORD));
    let page = nobody.post_form("/tenants", &[]).await;
    assert_eq!((page.status, page.location().as_str()), (303, "/sign-in"));
    let page = nobody.post_body("/tenants", "application/json", b"{}".to_vec()).await;
    assert_eq!((page.status, page.location().as_str()), (303, "/sign-in"));
}

#[actix_web::test]
async fn htmx_is_sent_to_the_sign_in_page_and_never_swaps_it_in() {
    let app = TestApp::start().await;
    let page = app.anonymous().htmx_get("/tenants?sort=name").await;
    assert_eq!(page.status, 204);
    assert_eq!(page.header("hx-redirect"), "/sign-in?return_to=/tenants%3Fsort%3Dname");
    assert!(page.body.is_empty());
}

/// An old tab asks again and again; that is one event, and it is bad where somebody had ended the session.
#[actix_web::test]
async fn a_cookie_that_is_used_after_its_session_is_noted_once() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("admin").await;
    let (here, idle, stranger) = (app.browser_of(id, &email).await, app.browser_of(id, &email).await, app.anonymous());
    app.execute(
        "update control.sessions set idle_expires_at = now() - interval '1 second'
            where id = (select id from control.sessions order by created_at desc limit 1)",
    )
    .await;
    for _ in 0..3 {
        assert!(!is_in(&idle).await && !is_in(&stranger).await);
    }
    let event = app.security_event(USE_AFTER_END).await;
    assert_eq!((event.severity.as_str(), event.actor_id), ("info", None));
    assert_eq!(event.details["user_id"], id.to_string());
    assert_eq!(event.details["why"], "not used for too long");
    assert!(event.network_hash.is_some() && !event.details.to_string().contains(&token(&idle)));

    let cookie = here.cookie(SESSION);
    assert_eq!(here.post_form("/sign-out", &[]).await.status, 303);
    assert!(!is_in(&here).await, "the browser has no cookie any more");
    assert_eq!(app.security_events(USE_AFTER_END).await.len(), 1);
    for path in ["/tenants", "/sign-in", "/tenants.json"] {
        stranger.set_cookie(SESSION, &cookie);
        assert_ne!(stranger.get(path).await.status, 500, "{path}");
    }
    let [_, stolen] = &app.security_events(USE_AFTER_END).await[..] else { panic!("one more event") };
    assert_eq!((stolen.severity.as_str(), &stolen.details["why"]), ("warning", &"signed_out".into()));
}
