//! Roles: the list, the matrix, making, copying, editing with its effect, deleting and restoring.

use super::{PLATFORM, act, confirm, give, make_role, role, sides, tick, untick};
use crate::support::TestApp;

#[actix_web::test]
async fn the_list_and_the_matrix_show_what_each_role_contains() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = founder.get("/roles").await;
    assert_eq!(page.names(), ["admin", "auditor", "founder", "support"]);
    assert!(founder.get("/roles?kind=own").await.texts(".empty").join("").contains("Nothing matches"));
    assert_eq!(founder.get("/roles?q=AUD").await.names(), ["auditor"]);
    assert!(!founder.htmx_get("/roles").await.is_whole());

    let auditor = role(&app, "auditor").await;
    let page = founder.get(&format!("/roles/{auditor}")).await;
    let rows = page.rows();
    let contained = |name: &str| rows.iter().find(|row| row[0] == name).map(|row| row[2].clone());
    assert_eq!(contained("tenants.view").as_deref(), Some("yes"));
    assert_eq!(contained("tenants.suspend").as_deref(), Some("no"));
    let marked = |name: &str| rows.iter().any(|row| row[0] == name && row[1].ends_with("elevation"));
    assert!(marked("tenants.suspend") && !marked("tenants.view"), "what asks for elevation is marked");
    for info in castellan::routes::privileges() {
        let stored = format!("select is_dangerous from control.privileges where name = '{}'", info.name);
        assert_eq!(app.text(&stored).await, info.is_dangerous.to_string(), "{}", info.name);
    }
    assert!(page.texts(".matrix .area th").contains(&"tenants".to_owned()));
    assert_eq!((page.link("Copy to change"), page.link("Edit")), (format!("/roles/new?copy={auditor}"), String::new()));
    assert_eq!(page.link("0 people"), format!("/assignments?role={auditor}"));
    assert_eq!(app.support().await.get("/roles").await.status, 403);
    assert_eq!(app.auditor().await.get(&format!("/roles/{auditor}")).await.link("1 person"), page.link("0 people"));
}

#[actix_web::test]
async fn a_copy_is_changed_where_the_original_cannot_be() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let support = role(&app, "support").await;
    for path in [format!("/roles/{support}/edit"), format!("/roles/{support}/deletion/new")] {
        let page = founder.get(&path).await;
        assert_eq!(page.status, 409, "{path}");
        assert!(page.text().contains("comes with the console"), "{path}");
    }
    let fields = [("version", "1"), ("name", "mine"), ("reason", "x"), ("is_system", "false")];
    assert_eq!(founder.post_form(&format!("/roles/{support}"), &fields).await.status, 409);

    let form = founder.get(&format!("/roles/new?copy={support}")).await.form();
    assert_eq!((form.action.as_str(), form.value("name")), ("/roles", "Copy of support"));
    let form = untick(form, "tenants.suspend").with("name", "first line").with("is_system", "true").with("id", "1");
    let answer = founder.submit(&form).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    let made = role(&app, "first line").await;
    assert_eq!(answer.location(), format!("/roles/{made}"));
    assert_eq!(app.text(&format!("select is_system from control.roles where id = '{made}'")).await, "false");
    let contained = format!("select privilege_name from control.role_privileges where role_id = '{made}'");
    let contained = app.texts(&contained).await;
    assert!(contained.contains(&"tenants.view".to_owned()) && !contained.contains(&"tenants.suspend".to_owned()));
    let again = founder.submit(&form.with("idempotency_key", "")).await;
    assert!(again.field_error("name").contains("taken"), "{:?}", again.errors());
    assert_eq!(founder.get("/roles/new?copy=nonsense").await.status, 404);
}

#[actix_web::test]
async fn an_edit_shows_who_gains_and_who_loses_before_it_is_made() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &["tenants.view", "clients.view"]).await;
    let person = super::nobody_special(&app).await;
    let id = person.id.expect("a person");
    give(&app, operator, ("user_id", id), PLATFORM).await;
    assert_eq!((person.get("/clients").await.status, person.get("/jobs").await.status), (200, 403));

    let url = format!("/roles/{operator}");
    let form = founder.get(&format!("{url}/edit")).await.form();
    let page = founder.submit(&form).await;
    assert_eq!((page.status, page.field_error("reason").as_str()), (422, "is required"));
    let form = tick(untick(form, "clients.view"), "jobs.view").with("reason", "moved to the machine room");
    let before = app.log_size().await;
    let shown = founder.submit(&form).await;
    assert_eq!((shown.status, shown.title().as_str()), (200, "Save operator"));
    assert_eq!(sides(&shown), ["1 person loses 1 right", "1 person gains 1 right"]);
    let rows = shown.rows();
    assert!(rows[0][0].contains(&person.email) && rows[0][1..] == ["everywhere", "clients.view"], "{rows:?}");
    assert_eq!(rows[1][1..], ["everywhere", "jobs.view"]);
    assert_eq!(app.log_size().await, before, "nothing has happened yet");

    let back = shown.form().with("again", "on");
    let page = founder.submit(&back).await;
    assert_eq!((page.status, page.form().action), (200, url.clone()), "the form comes back as it was typed");
    assert!(page.form().fields.contains(&("privilege_name".into(), "jobs.view".into())));

    assert_eq!(founder.submit(&shown.form()).await.location(), url);
    assert_eq!((person.get("/clients").await.status, person.get("/jobs").await.status), (403, 200));
    let event = app.event("role.update").await;
    assert_eq!(event.reason.as_deref(), Some("moved to the machine room"));
    assert_eq!(event.of("role_privileges").len(), 2);
    assert!(founder.get(&url).await.texts(".history").join("").contains("role.update"));
}

#[actix_web::test]
async fn an_effect_that_changed_meanwhile_is_shown_again() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &["tenants.view"]).await;
    give(&app, operator, ("user_id", super::nobody_special(&app).await.id.expect("a person")), PLATFORM).await;
    let form = founder.get(&format!("/roles/{operator}/edit")).await.form();
    let shown = founder.submit(&tick(form, "jobs.view").with("reason", "why")).await;
    assert_eq!(sides(&shown), ["1 person gains 1 right"]);

    give(&app, operator, ("user_id", super::nobody_special(&app).await.id.expect("a person")), PLATFORM).await;
    let page = founder.submit(&shown.form()).await;
    assert_eq!(page.status, 409);
    assert!(page.errors().join("").contains("not what you saw"), "{:?}", page.errors());
    assert_eq!(sides(&page), ["2 people gain 2 rights"]);
    assert_eq!(founder.submit(&page.form().with("effect", "nonsense")).await.status, 409);
    assert_eq!(founder.submit(&page.form()).await.status, 303);
}

#[actix_web::test]
async fn a_stale_form_shows_both_versions() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &["tenants.view"]).await;
    let form = founder.get(&format!("/roles/{operator}/edit")).await.form().with("reason", "why");
    confirm(&founder, &tick(form.clone(), "jobs.view")).await;
    let page = founder.submit(&form.with("name", "machinist")).await;
    assert_eq!(page.status, 409);
    let rows = page.rows();
    assert!(rows.iter().any(|row| row[0] == "name" && row[3] == "machinist"), "{rows:?}");
    let privileges = rows.iter().find(|row| row[0] == "privilege_name").expect("they differ");
    assert_eq!(privileges[2..], ["jobs.view tenants.view", "tenants.view"]);
}

#[actix_web::test]
async fn deleting_takes_it_from_everybody_and_restoring_gives_it_back() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &["tenants.view"]).await;
    let person = super::nobody_special(&app).await;
    give(&app, operator, ("user_id", person.id.expect("a person")), PLATFORM).await;
    assert_eq!(person.get("/tenants").await.status, 200);

    let (shown, done) = act(&founder, &format!("/roles/{operator}/deletion")).await;
    assert_eq!((sides(&shown), done.status), (vec!["1 person loses 1 right".to_owned()], 303));
    assert_eq!(person.get("/tenants").await.status, 403);
    assert_eq!(founder.get(&format!("/roles/{operator}/edit")).await.status, 404);
    assert_eq!(founder.get("/roles?deleted=yes").await.names(), ["operator"]);
    assert_eq!(founder.get(&format!("/roles/{operator}/deletion/new")).await.status, 409);

    let taken = make_role(&app, "operator", &[]).await;
    assert_eq!(founder.get(&format!("/roles/{operator}/restoration/new")).await.status, 409, "the name is taken");
    app.execute(&format!("delete from control.roles where id = '{taken}'")).await;
    let (shown, done) = act(&founder, &format!("/roles/{operator}/restoration")).await;
    assert_eq!((sides(&shown), done.status), (vec!["1 person gains 1 right".to_owned()], 303));
    assert_eq!(person.get("/tenants").await.status, 200);
}

#[actix_web::test]
async fn a_right_that_does_not_exist_is_refused_and_noted() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let known = [("name", "Helpers"), ("reason", "x"), ("privilege_name", "tenants.view")];
    let sent = [&known[..], &[("privilege_name", "tenants.conquer")]].concat();
    let page = founder.post_form("/roles", &sent).await;
    assert_eq!((page.status, page.errors().len(), page.value("name").as_str()), (422, 1, "Helpers"));
    let event = app.security_event("input_validation_discrete_fail").await;
    assert_eq!((event.actor_id, &event.details["field"]), (founder.id, &"privilege_name".into()));
    assert_eq!(founder.post_form("/roles", &known).await.status, 303);
    app.security_event("input_validation_discrete_fail").await;
}
