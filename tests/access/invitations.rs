//! Inviting somebody: the form, the mail, sending again and taking back.

use uuid::Uuid;

use crate::support::{FilledForm, Page, Person, TestApp};

async fn role(app: &TestApp, name: &str) -> String {
    app.text(&format!("select id from control.roles where name = '{name}'")).await
}

async fn form(app: &TestApp, person: &Person, email: &str) -> FilledForm {
    let form = person.get("/people/new").await.form();
    let form = form.with("email", email).with("name", "Ada Lovelace").with("reason", "joins support");
    form.with("role_id", &role(app, "support").await)
}

/// Invites somebody as support. Returns the address of their page.
async fn invite(app: &TestApp, person: &Person, email: &str) -> String {
    let answer = person.submit(&form(app, person, email).await).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    answer.location()
}

async fn act(person: &Person, page: &str) -> Page {
    let ask = person.get(&format!("{page}/new")).await;
    assert_eq!(ask.status, 200, "{page}: {:?}", ask.errors());
    person.submit(&ask.form().with("reason", "because")).await
}

#[actix_web::test]
async fn an_invitation_makes_a_pending_person_with_a_role_and_a_mail() {
    let (app, server) = TestApp::with_mail().await;
    let founder = app.founder().await;
    assert_eq!(founder.get("/people").await.link("Invite a person"), "/people/new");
    let page = invite(&app, &founder, "ada@example.org").await;
    let id: Uuid = page.trim_start_matches("/people/").parse().expect("an id");
    let person = app
        .text("select concat_ws(' ', status, is_staff, kind, name) from control.users where email = 'ada@example.org'");
    assert_eq!(person.await, "pending t human Ada Lovelace");
    let event = app.event("user.invite").await;
    assert_eq!(
        (event.target_id, event.actor_id, event.reason.as_deref()),
        (Some(id), founder.id, Some("joins support"))
    );
    assert_eq!(event.of("assignments")[0].after["granted_by"], founder.id.unwrap().to_string());
    let left = "select (expires_at between now() + interval '71 hours' and now() + interval '72 hours')::text
        from control.user_credentials where kind = 'invitation'";
    assert_eq!(app.text(left).await, "true");

    let shown = founder.get(&page).await;
    assert!(shown.texts(".banner").join("").contains("The mail waits to be sent"), "{:?}", shown.texts(".banner"));
    assert_eq!(app.run_jobs().await, 1);
    let mail = server.mails().remove(0);
    assert_eq!(
        (mail.to.join(" ").as_str(), mail.header("Subject").as_str()),
        ("ada@example.org", "You are invited to Castellan")
    );
    assert!(mail.text().starts_with("Hello Ada Lovelace,"), "{}", mail.text());
    assert!(mail.link().starts_with("/invitations/"), "{}", mail.text());
    assert!(founder.get(&page).await.texts(".banner").join("").contains("The mail was sent"));
    assert_eq!(app.anonymous().get(&mail.link()).await.status, 200);
}

/// What lies about afterwards is of no use to anybody who reads it.
#[actix_web::test]
async fn the_link_is_stored_nowhere() {
    let (app, server) = TestApp::with_mail().await;
    let founder = app.founder().await;
    invite(&app, &founder, "ada@example.org").await;
    app.run_jobs().await;
    let link = server.mails().remove(0).link();
    let token = link.trim_start_matches("/invitations/").to_owned();
    assert!(token.len() >= 60, "{link}");
    for table in ["control.outbox", "control.user_credentials", "control.job_queue", "audit.events", "audit.changes"] {
        let holding = format!(
            "select count(*) from {table} t where t::text like '%{token}%' or t::text like '%{}%'",
            &token[24..]
        );
        assert_eq!(app.number(&holding).await, 0, "{table}");
    }
}

#[actix_web::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let empty = founder.get("/people/new").await.form();
    let page = founder.submit(&empty.with("email", "nobody").with("name", "")).await;
    assert_eq!((page.status, page.errors().len()), (422, 4), "{:?}", page.errors());
    let good = form(&app, &founder, "ada@example.org").await;
    for (field, value, said) in [
        ("email", "a@b@c", "must be an e-mail address"),
        ("email", "a\0@example.org", "control character"),
        ("name", &"x".repeat(10_000), "200 characters at most"),
        ("name", "Eve\r\nBcc: x@example.org", "single line"),
        ("role_id", "nonsense", "one of the roles"),
        ("role_id", &Uuid::now_v7().to_string(), "one of the roles"),
        ("email", &founder.email, "belongs to somebody already"),
    ] {
        let page = founder.submit(&good.clone().with(field, value)).await;
        assert_eq!(page.status, 422, "{field}={value}: {}", page.text());
        assert!(page.field_error(field).contains(said), "{field}={value}: {:?}", page.errors());
        assert_eq!(page.value("reason"), "joins support", "what was typed is kept");
    }
    assert_eq!(app.number("select count(*) from control.users where email like '%example.org'").await, 0);
    let emoji = founder.submit(&good.with("name", "Ada 🦀")).await;
    assert_eq!(emoji.status, 303, "{:?}", emoji.errors());
}

#[actix_web::test]
async fn a_form_sent_twice_invites_once() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let form = form(&app, &founder, "ada@example.org").await;
    let (first, second) = (founder.submit(&form).await, founder.submit(&form).await);
    assert_eq!((first.status, second.status, first.location()), (303, 303, second.location()));
    assert_eq!(app.number("select count(*) from control.outbox").await, 1);
}

#[actix_web::test]
async fn nobody_gives_away_what_they_lack() {
    let app = TestApp::start().await;
    let manager = app.person_with(&["access.view", "access.manage"]).await;
    let page = manager.submit(&form(&app, &manager, "ada@example.org").await).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("role_id").contains("rights that you lack"), "{:?}", page.errors());
    assert_eq!(app.number("select count(*) from control.users where email = 'ada@example.org'").await, 0);
    assert_eq!(app.admin().await.get("/people/new").await.status, 403);
}

#[actix_web::test]
async fn sending_again_makes_the_link_before_stop_working() {
    let (app, server) = TestApp::with_mail().await;
    let founder = app.founder().await;
    let page = invite(&app, &founder, "ada@example.org").await;
    app.run_jobs().await;
    let answer = act(&founder, &format!("{page}/invitation")).await;
    assert_eq!((answer.status, answer.location()), (303, page.clone()));
    app.run_jobs().await;
    let links: Vec<String> = server.mails().iter().map(crate::support::Mail::link).collect();
    let old = app.anonymous().get(&links[0]).await;
    assert_eq!((old.status, app.anonymous().get(&links[1]).await.status), (410, 200));
    assert!(old.text().contains("replaced by a newer one or taken back"), "{}", old.text());
    assert_eq!(app.event("user.invite_again").await.reason.as_deref(), Some("because"));
}

#[actix_web::test]
async fn an_invitation_that_is_taken_back_is_not_even_sent() {
    let (app, server) = TestApp::with_mail().await;
    let founder = app.founder().await;
    let page = invite(&app, &founder, "ada@example.org").await;
    assert_eq!(act(&founder, &format!("{page}/revocation")).await.status, 303);
    assert_eq!((app.run_jobs().await, server.mails().len()), (1, 0));
    assert!(founder.get(&page).await.texts(".banner").join("").contains("The invitation is revoked"));
    let again = founder.get(&format!("{page}/revocation/new")).await;
    assert_eq!((again.status, again.errors()), (409, vec!["There is no open invitation to take back.".to_owned()]));
    assert_eq!(act(&founder, &format!("{page}/invitation")).await.status, 303);
    app.run_jobs().await;
    assert_eq!(server.mails().len(), 1);
}

#[actix_web::test]
async fn who_is_here_already_is_not_invited() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (active, _) = app.staff("support").await;
    let tenant = app.tenant("northwind").await;
    let member = app.member(tenant, "bob@northwind.example", "owner").await;
    for id in [active, member] {
        let page = founder.get(&format!("/people/{id}/invitation/new")).await;
        assert_eq!(page.status, 409);
        assert!(page.errors().join("").contains("pending can be invited"), "{:?}", page.errors());
    }
    assert_eq!(founder.get(&format!("/people/{}/invitation/new", Uuid::now_v7())).await.status, 404);
}

#[actix_web::test]
async fn who_never_took_it_up_is_pending_again_after_a_deactivation() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = invite(&app, &founder, "ada@example.org").await;
    let ask = founder.get(&format!("{page}/deactivation/new")).await;
    let form = ask.form().with("reason", "did not come").with("confirm", "ada@example.org");
    assert_eq!(founder.submit(&form).await.status, 303);
    let open = "select count(*) from control.user_credentials where kind = 'invitation' and revoked_at is null";
    assert_eq!((app.number(open).await, app.number("select count(*) from control.outbox").await), (0, 0));
    assert_eq!(act(&founder, &format!("{page}/activation")).await.status, 303);
    assert_eq!(app.text("select status from control.users where email = 'ada@example.org'").await, "pending");
    assert_eq!(act(&founder, &format!("{page}/invitation")).await.status, 303);
    assert_eq!(app.number(open).await, 1);
}
