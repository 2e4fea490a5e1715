//! Inviting somebody: the form, the mail, sending again and taking back.

use uuid::Uuid;

use super::{give, make_role, on_tenant};
use crate::support::{FilledForm, PASSWORD, Page, Person, TestApp};

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
        ("scope_kind", "galaxy", "must be one of"),
        ("scope_kind", "", "must be one of"),
        ("tenant_id", "northwind", "does not go with this scope"),
        ("client_id", "bakery", "does not go with this scope"),
        ("expires_at", "2020-01-01", "in the future"),
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
    assert!(page.field_error("role_id").contains("nobody gives what they lack"), "{:?}", page.errors());
    assert_eq!(app.number("select count(*) from control.users where email = 'ada@example.org'").await, 0);
    assert_eq!(app.admin().await.get("/people/new").await.status, 403);
}

#[actix_web::test]
async fn an_invitation_is_to_one_tenant_or_one_client() {
    let (app, server) = TestApp::with_mail().await;
    let founder = app.founder().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let bakery = app.client(northwind, "bakery", "active").await;
    let on_tenant = form(&app, &founder, "ada@example.org").await.with("scope_kind", "tenant");
    for (tenant, said) in [("", "is required"), ("nowhere", "not the slug or id of a tenant")] {
        let page = founder.submit(&on_tenant.clone().with("tenant_id", tenant)).await;
        assert_eq!((page.status, page.value("email")), (422, "ada@example.org".to_owned()), "{tenant}");
        assert!(page.field_error("tenant_id").contains(said), "{:?}", page.errors());
    }
    assert_eq!(app.number("select count(*) from control.users where email = 'ada@example.org'").await, 0);
    let made = founder.submit(&on_tenant.with("tenant_id", "northwind").with("expires_at", "2999-01-01")).await;
    assert_eq!(made.status, 303, "{:?}", made.errors());
    let event = app.event("user.invite").await;
    assert_eq!(event.tenant_id, Some(northwind));
    let given = &event.of("assignments")[0].after;
    assert_eq!([&given["scope_kind"], &given["tenant_id"]], ["tenant", northwind.to_string().as_str()]);
    assert!(founder.get(&made.location()).await.texts(".banner").join("").contains("support on Northwind"));
    let row = founder.get("/people?q=ada%40example.org").await.rows().remove(0);
    assert!(row.contains(&"support (Northwind)".to_owned()), "{row:?}");

    app.run_jobs().await;
    let mail = server.mails().remove(0);
    assert!(mail.text().contains("with the role support on Northwind"), "{}", mail.text());
    let invited = app.anonymous();
    assert!(invited.get(&mail.link()).await.text().contains("support on Northwind"));
    let password = [("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(invited.post_form(&mail.link(), &password).await.status, 303);
    assert_eq!(invited.sign_in("ada@example.org", PASSWORD).await.status, 303);
    let seen = async |id: Uuid| invited.get(&format!("/tenants/{id}")).await.status;
    assert_eq!((seen(northwind).await, seen(acme).await), (200, 404));

    let on_client = form(&app, &founder, "bob@example.org").await.with("scope_kind", "client");
    let made = founder.submit(&on_client.with("client_id", &bakery.to_string())).await;
    assert_eq!(made.status, 303, "{:?}", made.errors());
    let of_client =
        format!("select count(*) from audit.events where action = 'user.invite' and client_id = '{bakery}'");
    assert_eq!(app.number(&of_client).await, 1);
    assert!(founder.get(&made.location()).await.texts(".banner").join("").contains("support on Bakery of Northwind"));
    app.run_jobs().await;
}

/// What somebody holds on one tenant they can invite others to, there and nowhere else.
#[actix_web::test]
async fn nobody_invites_further_than_they_reach() {
    let app = TestApp::start().await;
    let northwind = app.tenant("northwind").await;
    app.tenant("acme").await;
    let giver = app.person_with(&["access.view", "access.manage"]).await;
    let viewer = make_role(&app, "viewer", &["tenants.view"]).await;
    give(&app, viewer, ("user_id", giver.id.expect("a person")), &on_tenant(northwind)).await;
    let form = form(&app, &giver, "ada@example.org").await.with("role_id", &viewer.to_string());
    for (scope, tenant, status) in [("platform", "", 422), ("tenant", "acme", 422), ("tenant", "northwind", 303)] {
        let page = giver.submit(&form.clone().with("scope_kind", scope).with("tenant_id", tenant)).await;
        assert_eq!(page.status, status, "{scope} {tenant}");
        let refused = page.field_error("role_id");
        assert_eq!(refused.contains("tenants.view"), status == 422, "{scope} {tenant}: {refused}");
    }
    app.leaves_jobs();
}

#[actix_web::test]
async fn who_accepts_after_the_tenant_was_deleted_is_told_and_loses_nothing() {
    let (app, server) = TestApp::with_mail().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let form = form(&app, &founder, "ada@example.org").await.with("scope_kind", "tenant");
    let page = founder.submit(&form.with("tenant_id", "northwind")).await.location();
    app.run_jobs().await;
    let link = server.mails().remove(0).link();
    app.execute(&format!("update control.tenants set deleted_at = now() where id = '{northwind}'")).await;
    let invited = app.anonymous();
    let shown = invited.get(&link).await;
    assert!(shown.texts(".banner").join("").contains("Northwind was deleted"), "{}", shown.text());
    assert!(founder.get(&page).await.texts(".banner").join("").contains("deleted since"));
    let password = [("password", PASSWORD), ("password_again", PASSWORD)];
    let set = invited.post_form(&link, &password).await;
    assert_eq!(set.status, 303);
    assert!(
        set.flash().contains("Your password is set") && set.flash().contains("Northwind was deleted"),
        "{}",
        set.flash()
    );
    assert_eq!(invited.sign_in("ada@example.org", PASSWORD).await.status, 303);
    assert_eq!(invited.get("/tenants").await.names(), [""; 0]);
    app.execute(&format!("update control.tenants set deleted_at = null where id = '{northwind}'")).await;
    assert_eq!(invited.get("/tenants").await.names(), ["Northwind"], "nothing is lost");
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
