//! Undo: an event is changed back by another one, or refused with what stands against it.

use std::sync::Arc;

use castellan::actor::{Actor, ActorKind, Can, Privilege};
use castellan::audit::erasure::{Subject, erase};
use uuid::Uuid;

use crate::support::{Page, Person, TestApp};

/// Changes fields of a form that is at `<url>/edit`.
async fn edit(person: &Person, url: &str, fields: &[(&str, &str)]) {
    let mut form = person.get(&format!("{url}/edit")).await.form();
    for (name, value) in fields {
        form = form.with(name, value);
    }
    let answer = person.submit(&form).await;
    assert_eq!(answer.status, 303, "{url}: {:?}", answer.errors());
}

/// Opens the page that asks, and does what it shows. Returns both.
async fn undo(person: &Person, event: Uuid) -> (Page, Page) {
    let asked = person.get(&format!("/audit/{event}/undo/new")).await;
    assert_eq!(asked.status, 200, "{:?}", asked.errors());
    let answer = person.submit(&asked.form().with("reason", "a mistake")).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    (asked, answer)
}

/// The newest event that undid something.
async fn last_undo(app: &TestApp) -> Uuid {
    app.events("event.undo").await.pop().expect("something was undone").id
}

/// Why nothing is undone; nothing changes.
async fn refused(app: &TestApp, person: &Person, event: Uuid) -> Page {
    let before = app.log_size().await;
    let asked = person.get(&format!("/audit/{event}/undo/new")).await;
    assert_eq!(asked.status, 409, "{}", asked.text());
    let post = format!("/audit/{event}/undo");
    let answer = person.post_form(&post, &[("reason", "a mistake")]).await;
    assert_eq!((answer.status, answer.errors()), (409, asked.errors()), "{}", answer.text());
    assert_eq!(app.log_size().await, before, "nothing was done");
    asked
}

async fn name(app: &TestApp, tenant: Uuid) -> String {
    app.text(&format!("select name from control.tenants where id = '{tenant}'")).await
}

#[actix_web::test]
async fn an_edit_goes_back_and_there_again() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("northwind").await;
    edit(&founder, &format!("/tenants/{id}"), &[("name", "Southwind"), ("notes", "Pays late")]).await;
    let edited = app.event("tenant.update").await.id;
    assert_eq!(founder.get(&format!("/audit/{edited}")).await.link("Undo…"), format!("/audit/{edited}/undo/new"));

    let (asked, answer) = undo(&founder, edited).await;
    let panel = asked.texts("aside .diff").join(" ");
    assert!(panel.contains("name Southwind → Northwind") && panel.contains("notes Pays late"), "{panel}");
    assert_eq!(answer.location(), format!("/audit/{edited}"));
    assert_eq!(name(&app, id).await, "Northwind");
    let version = app.text(&format!("select version || notes from control.tenants where id = '{id}'")).await;
    assert_eq!(version, "3", "the version goes on");
    let event = app.event("event.undo").await;
    assert_eq!((event.target_kind.as_str(), event.target_id, event.tenant_id), ("tenant", Some(id), Some(id)));
    assert_eq!((event.reason.as_deref(), event.actor_id), (Some("a mistake"), founder.id));
    assert_eq!(event.details["undoes"], edited.to_string());
    assert_eq!(event.of("tenants")[0].after["name"], "Northwind");

    let page = founder.get(&format!("/audit/{edited}")).await;
    assert_eq!((page.link("a later event"), page.link("Undo…")), (format!("/audit/{}", event.id), String::new()));
    let page = founder.get(&format!("/audit/{}", event.id)).await;
    assert_eq!(page.link("an earlier event"), format!("/audit/{edited}"));
    let twice = refused(&app, &founder, edited).await;
    assert_eq!(twice.link("The event that undid it"), format!("/audit/{}", event.id));

    undo(&founder, event.id).await;
    assert_eq!(name(&app, id).await, "Southwind", "an undo is undone");
    undo(&founder, last_undo(&app).await).await;
    assert_eq!(name(&app, id).await, "Northwind", "and that again");
}

#[actix_web::test]
async fn what_was_changed_since_is_listed_and_nothing_is_done() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("northwind").await;
    let url = format!("/tenants/{id}");
    edit(&founder, &url, &[("name", "Southwind"), ("region", "us-east")]).await;
    edit(&founder, &url, &[("name", "Eastwind")]).await;
    let events = app.events("tenant.update").await;
    let page = refused(&app, &founder, events[0].id).await;
    let rows = page.rows();
    assert_eq!(rows.len(), 1, "the region was not changed since: {rows:?}");
    assert!(rows[0][0].contains(&id.to_string()), "{rows:?}");
    assert_eq!(rows[0][1..4], ["name", "Southwind", "Eastwind"]);
    assert_eq!(page.attributes("#conflicts td:last-child a", "href"), [format!("/audit/{}", events[1].id)]);
    assert_eq!(page.attributes("main form", "action"), [""; 0], "there is nothing to send");

    // Other columns of the same row do not stand against it.
    undo(&founder, events[1].id).await;
    edit(&founder, &url, &[("notes", "Pays late")]).await;
    undo(&founder, events[0].id).await;
    assert_eq!(app.text("select name || region || notes from control.tenants").await, "Northwindeu-westPays late");

    // A row that was deleted since does.
    edit(&founder, &url, &[("name", "Westwind")]).await;
    app.execute("update control.tenants set deleted_at = now()").await;
    let last = app.events("tenant.update").await.pop().expect("edited").id;
    assert_eq!(refused(&app, &founder, last).await.rows()[0][1], "deleted_at");
}

#[actix_web::test]
async fn what_stands_in_the_database_against_it_is_said_in_words() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("northwind").await;
    edit(&founder, &format!("/tenants/{id}"), &[("slug", "southwind")]).await;
    let edited = app.event("tenant.update").await.id;
    app.tenant("northwind").await;
    let page = refused(&app, &founder, edited).await;
    assert!(page.errors()[0].contains("slug") && page.errors()[0].contains("northwind"), "{:?}", page.errors());

    // A tenant that has clients by now does not go, and a client does not come back to one that went.
    let made = app.events("tenant.create").await[0].id;
    let client = app.client(id, "bakery", "active").await;
    let page = refused(&app, &founder, made).await;
    assert!(page.texts("#conflicts").join("").contains("slug"), "{:?}", page.errors());
    let fresh = app.tenant("fresh").await;
    let made = app.events("tenant.create").await[2].id;
    let other = app.client(fresh, "butcher", "active").await;
    let page = refused(&app, &founder, made).await;
    assert!(page.errors()[0].contains("1 of clients"), "{:?}", page.errors());
    app.execute(&format!("update control.clients set deleted_at = now() where id in ('{client}', '{other}')")).await;
    let deleted = app.last_event().await.id;
    app.execute(&format!("update control.tenants set deleted_at = now() where id = '{fresh}'")).await;
    let page = refused(&app, &founder, deleted).await;
    assert!(page.errors()[0].contains("tenants that is deleted"), "{:?}", page.errors());
}

#[actix_web::test]
async fn what_was_made_goes_and_what_was_deleted_comes_back() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("northwind").await;
    let made = app.event("tenant.create").await.id;
    undo(&founder, made).await;
    let deleted_by = format!("select deleted_by from control.tenants where id = '{tenant}' and deleted_at is not null");
    assert_eq!(app.text(&deleted_by).await, founder.id.unwrap().to_string());
    assert_eq!(app.number("select count(*) from control.workspaces where deleted_at is not null").await, 1);
    assert_eq!(app.number("select count(*) from control.tenant_policies").await, 1, "its policies stay with it");
    undo(&founder, last_undo(&app).await).await;
    let back = "select count(*) from control.tenants t join control.workspaces w on w.tenant_id = t.id
        where t.deleted_at is null and t.deleted_by is null and w.deleted_at is null";
    assert_eq!(app.number(back).await, 1);

    // Rows that are really deleted: what a role contains.
    let role = Uuid::now_v7();
    app.execute(&format!(
        "insert into control.roles (id, name) values ('{role}', 'Walker');
        insert into control.role_privileges (role_id, privilege_name) values ('{role}', 'tenants.view'), ('{role}', 'clients.view')"
    ))
    .await;
    app.execute(&format!("delete from control.role_privileges where role_id = '{role}'")).await;
    let (asked, _) = undo(&founder, app.last_event().await.id).await;
    assert!(!asked.texts(".reach").is_empty(), "who gains and who loses is said");
    let held = format!("select privilege_name from control.role_privileges where role_id = '{role}' order by 1");
    assert_eq!(app.texts(&held).await, ["clients.view", "tenants.view"]);
    undo(&founder, last_undo(&app).await).await;
    assert!(app.texts(&held).await.is_empty());

    // An assignment is revoked, for it is evidence.
    let given = Uuid::now_v7();
    app.execute(&format!(
        "insert into control.assignments (id, role_id, user_id, reason, scope_kind)
        select '{given}', '{role}', '{}', 'test', 'platform'",
        founder.id.unwrap()
    ))
    .await;
    undo(&founder, app.last_event().await.id).await;
    let revoked_by = format!("select revoked_by from control.assignments where id = '{given}'");
    assert_eq!(app.text(&revoked_by).await, founder.id.unwrap().to_string());
}

/// Rows without an id have a key, and what changed them since is found by it.
#[actix_web::test]
async fn what_was_changed_since_is_named_for_rows_without_an_id_too() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let role = Uuid::now_v7();
    app.execute(&format!("insert into control.roles (id, name) values ('{role}', 'Walker')")).await;
    let give = async |name: &str| {
        let given =
            format!("insert into control.role_privileges (role_id, privilege_name) values ('{role}', '{name}')");
        app.execute(&given).await;
        app.last_event().await.id
    };
    let take = async |name: &str| {
        let row = format!("role_id = '{role}' and privilege_name = '{name}'");
        app.execute(&format!("delete from control.role_privileges where {row}")).await;
        app.last_event().await.id
    };
    let conflict = async |event: Uuid| {
        let page = refused(&app, &founder, event).await;
        let row = page.rows().remove(0);
        assert!(row[0].contains(&role.to_string()) && row[0].contains("tenants.view"), "{row:?}");
        assert!(page.attributes("#conflicts td a", "href").contains(&format!("/audit/states/{role}")));
        (row[1].clone(), page.attributes("#conflicts td:last-child a", "href"))
    };
    let given = give("tenants.view").await;
    let taken = take("tenants.view").await;
    give("clients.view").await;
    assert_eq!(conflict(given).await, ("the row is not there any more".into(), vec![format!("/audit/{taken}")]));
    let again = give("tenants.view").await;
    take("clients.view").await;
    assert_eq!(conflict(taken).await, ("the row exists again".into(), vec![format!("/audit/{again}")]));
}

#[actix_web::test]
async fn what_does_not_come_back_is_named_before() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("northwind").await;
    app.member(id, "owner@northwind.example", "owner").await;
    let form = founder.get(&format!("/tenants/{id}/suspension/new")).await.form();
    founder.submit(&form.with("reason", "Unpaid").with("confirm", "northwind")).await;
    let sent = "update control.outbox set status = 'sent', sent_at = now()";
    app.execute(sent).await;
    let event = app.event("tenant.suspend").await.id;
    let (asked, _) = undo(&founder, event).await;
    let stays = asked.texts("#stays li");
    assert!(stays.iter().any(|line| line.starts_with("Mail to owner@northwind.example was sent")), "{stays:?}");
    assert!(stays.contains(&"1 session ended and stays ended.".to_owned()), "{stays:?}");
    let state = "select status || coalesce(suspension_reason, '') from control.tenants";
    assert_eq!(app.text(state).await, "active");
    assert_eq!(app.number("select count(*) from control.outbox").await, 1, "nobody is told");
    let ended = "select count(*) from control.sessions s join control.users u on u.id = s.user_id
        where u.email = 'owner@northwind.example' and s.revoked_at is null";
    assert_eq!(app.number(ended).await, 0);
    app.leaves_jobs();
}

struct Forget;

impl Privilege for Forget {
    const NAME: &'static str = "test.forget";
    const DESCRIPTION: &'static str = "Erase somebody";
}

#[actix_web::test]
async fn what_the_log_does_not_know_is_not_put_back() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("northwind").await;
    app.execute("update control.tenants set notes = 'Call ada.lovelace@example.com'").await;
    let noted = app.last_event().await.id;
    let can = Can::<Forget>::prove(Arc::new(Actor::process(ActorKind::Job, "test.forget"))).expect("jobs may");
    let texts = vec!["ada.lovelace@example.com".to_owned()];
    erase(app.db(), &can, None, Subject { user_id: Uuid::now_v7(), texts, placeholders: Vec::new() })
        .await
        .expect("somebody is erased");
    let page = refused(&app, &founder, noted).await;
    assert!(page.errors()[0].contains("erased") && page.errors()[0].contains("notes"), "{:?}", page.errors());

    // Accounts and secrets are none of its business.
    let (bob, _) = app.staff("support").await;
    app.execute(&format!("update control.users set name = 'Bob' where id = '{bob}'")).await;
    let renamed = app.last_event().await.id;
    assert!(refused(&app, &founder, renamed).await.errors()[0].contains("users"));
    assert_eq!(founder.get(&format!("/audit/{renamed}")).await.link("Undo…"), "");
    app.execute(&format!(
        "insert into control.tenant_domains (id, tenant_id, domain, verification_token)
            values (gen_random_uuid(), '{id}', 'northwind.example', repeat('x', 43))"
    ))
    .await;
    app.execute("update control.tenant_domains set verification_token = repeat('y', 43)").await;
    let page = refused(&app, &founder, app.last_event().await.id).await;
    assert!(page.errors()[0].contains("secret"), "{:?}", page.errors());

    // Nor what comes with the console.
    app.execute("update control.roles set description = 'mine' where name = 'support'").await;
    let page = refused(&app, &founder, app.last_event().await.id).await;
    assert!(page.errors()[0].contains("comes with the console"), "{:?}", page.errors());
}

#[actix_web::test]
async fn it_takes_a_founder_or_a_right_of_its_own() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (admin, auditor) = (app.admin().await, app.auditor().await);
    let id = app.tenant("northwind").await;
    edit(&admin, &format!("/tenants/{id}"), &[("name", "Southwind")]).await;
    let edited = app.event("tenant.update").await.id;
    let page = format!("/audit/{edited}/undo/new");
    for person in [&admin, &auditor, &app.scoped_to_tenant(&["audit.view", "audit.undo"], id).await] {
        assert_eq!(person.get(&page).await.status, 403, "{}", person.email);
        assert_eq!(person.post_form(&format!("/audit/{edited}/undo"), &[("reason", "x")]).await.status, 403);
        assert_eq!(person.get(&format!("/audit/{edited}")).await.link("Undo…"), "");
    }
    let (other, email) = app.staff("founder").await;
    assert_eq!(app.unelevated(other, &email).await.get(&page).await.location(), format!("/elevation?return_to={page}"));

    // Who holds the right alone does not undo what rights rest on.
    let clerk = app.person_with(&["audit.undo"]).await;
    let form = founder.get("/roles/new").await.form().with("name", "Walker");
    assert_eq!(founder.submit(&form).await.status, 303);
    let page = refused(&app, &clerk, app.event("role.create").await.id).await;
    assert!(page.errors()[0].contains("founders"), "{:?}", page.errors());
    undo(&clerk, edited).await;
    assert_eq!(name(&app, id).await, "Northwind");
    undo(&founder, app.event("role.create").await.id).await;
    assert_eq!(app.number("select count(*) from control.roles where name = 'Walker' and deleted_at is null").await, 0);
}

#[actix_web::test]
async fn the_last_founder_stays() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    // The one of the first start does not count any more.
    app.execute("update control.users set status = 'deactivated' where email = 'founder@example.com'").await;
    let given = format!("select id from control.assignments where user_id = '{}'", founder.id.unwrap());
    let given: Uuid = app.text(&given).await.parse().expect("an id");
    app.execute(&format!("update control.assignments set expires_at = now() + interval '1 day' where id = '{given}'"))
        .await;
    let ending = app.last_event().await.id;
    app.execute(&format!("update control.assignments set expires_at = null where id = '{given}'")).await;
    let lasting = app.last_event().await.id;
    let page = refused(&app, &founder, lasting).await;
    assert!(page.errors()[0].contains("last active founder"), "{:?}", page.errors());
    refused(&app, &founder, ending).await;
}

#[actix_web::test]
async fn reads_and_failures_have_nothing_to_undo() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    founder.get("/audit").await;
    let read = app.event("audit.view").await.id;
    assert_eq!(founder.get(&format!("/audit/{read}")).await.link("Undo…"), "");
    assert!(refused(&app, &founder, read).await.errors()[0].contains("read"));
    let failed = app.happened("tenant.update", "outcome", "'failure'").await;
    assert!(refused(&app, &founder, failed).await.errors()[0].contains("did not succeed"));
    for path in [format!("/audit/{}/undo/new", Uuid::new_v4()), "/audit/nothing/undo/new".into()] {
        assert_eq!(founder.get(&path).await.status, 404, "{path}");
    }
    app.tenant("northwind").await;
    let made = app.event("tenant.create").await.id;
    let form = founder.get(&format!("/audit/{made}/undo/new")).await.form();
    let page = founder.submit(&form.with("reason", &"x".repeat(100_000))).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("reason").contains("2000 characters at most"), "{:?}", page.errors());
}

#[actix_web::test]
async fn of_two_at_once_one_succeeds() {
    let Some(app) = TestApp::on_server().await else { return };
    let (one, other) = (app.founder().await, app.founder().await);
    let id = app.tenant("northwind").await;
    edit(&one, &format!("/tenants/{id}"), &[("name", "Southwind")]).await;
    let page = format!("/audit/{}/undo/new", app.event("tenant.update").await.id);
    let form = one.get(&page).await.form().with("reason", "mine");
    let others = other.get(&page).await.form().with("reason", "no, mine");
    let answers = tokio::join!(one.submit(&form), other.submit(&others));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    assert_eq!(app.events("event.undo").await.len(), 1);
    assert_eq!(name(&app, id).await, "Northwind");
}
