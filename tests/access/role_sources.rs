//! Where each privilege of a role came from: on its page, beside all other roles, and in the file of that.

use uuid::Uuid;

use super::{confirm, make_role, role, tick, untick};
use crate::support::{Page, Person, TestApp};

/// What the page of a role says of a privilege: whether it is contained, and its source.
fn said(page: &Page, privilege: &str) -> [String; 2] {
    let row = page.rows().into_iter().find(|row| row[0] == privilege).expect("a row for each privilege");
    [row[2].clone(), row[3].clone()]
}

/// A copy of support without jobs and with exports, to which jobs were added again. Returns its address.
async fn first_line(app: &TestApp, founder: &Person) -> String {
    let support = role(app, "support").await;
    let form = founder.get(&format!("/roles/new?copy={support}")).await.form();
    let form = tick(untick(form, "jobs.view"), "tenants.export").with("name", "first line");
    let made = founder.submit(&form).await;
    assert_eq!(made.status, 303, "{:?}", made.errors());
    let edit = founder.get(&format!("{}/edit", made.location())).await.form();
    confirm(founder, &tick(edit, "jobs.view").with("reason", "after all")).await;
    made.location()
}

#[actix_web::test]
async fn each_privilege_of_a_role_says_where_it_came_from() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let support = role(&app, "support").await;
    let page = founder.get(&format!("/roles/{support}")).await;
    assert_eq!(said(&page, "tenants.view"), ["yes", "built in"]);
    assert_eq!(said(&page, "tenants.export"), ["no", ""]);

    let url = first_line(&app, &founder).await;
    let page = founder.get(&url).await;
    let (copied, given) = (format!("copied from support by {}", founder.email), format!("given by {}", founder.email));
    for (privilege, source) in [("tenants.view", &copied), ("tenants.export", &given), ("jobs.view", &given)] {
        let [contained, shown] = said(&page, privilege);
        assert!(contained == "yes" && shown.starts_with(source), "{privilege}: {shown}");
    }
    assert_eq!(page.link("support"), format!("/roles/{support}"));
    let mut left = [app.event("role.create").await, app.event("role.update").await].map(|event| event.id);
    left.sort();
    let mut events = page.attributes(".matrix td a[href^='/audit/']", "href");
    events.sort();
    events.dedup();
    assert_eq!(events, left.map(|id| format!("/audit/{id}")));
    assert_eq!(founder.get(&events[1]).await.status, 200);

    let reader = app.person_with(&["access.view"]).await;
    let page = reader.get(&url).await;
    assert!(said(&page, "jobs.view")[1].starts_with(&given), "the source is no part of the log");
    assert_eq!(page.attributes(".matrix td a[href^='/audit/']", "href"), [""; 0]);
}

#[actix_web::test]
async fn a_copy_of_nothing_is_refused_at_its_field() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for copied_from in ["nonsense", "\0", &Uuid::now_v7().to_string()] {
        let fields = [("name", "copy"), ("privilege_name", "tenants.view"), ("copied_from", copied_from)];
        let page = founder.post_form("/roles", &fields).await;
        assert_eq!((page.status, page.value("name")), (422, "copy".to_owned()), "{copied_from:?}");
        assert!(page.field_error("copied_from").contains("id of a role"), "{:?}", page.errors());
    }
    assert_eq!(app.number("select count(*) from control.roles where name = 'copy'").await, 0);
    // What the copied role does not contain did not come from it.
    let auditor = role(&app, "auditor").await.to_string();
    let fields = [("name", "copy"), ("privilege_name", "tenants.suspend"), ("copied_from", auditor.as_str())];
    let made = founder.post_form("/roles", &fields).await;
    assert!(said(&founder.get(&made.location()).await, "tenants.suspend")[1].starts_with("given by"));
}

/// The matrix as a table of texts: a row for each privilege, a column for each role, the privilege first.
fn cell(page: &Page, privilege: &str, role: &str) -> String {
    let place = page.texts(".across thead th").iter().position(|head| head == role).expect("a column for each role");
    let row = page.rows().into_iter().find(|row| row[0] == privilege).expect("a row for each privilege");
    row[place].clone()
}

#[actix_web::test]
async fn all_roles_stand_beside_each_other() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    first_line(&app, &founder).await;
    let page = founder.get("/roles/matrix").await;
    assert_eq!(page.texts(".across thead th"), ["Privilege", "admin", "auditor", "first line", "founder", "support"]);
    for (privilege, role, shown) in [
        ("tenants.view", "support", "B built in"),
        ("tenants.view", "first line", "C copied"),
        ("jobs.view", "first line", "G given"),
        ("tenants.export", "support", "no"),
    ] {
        assert_eq!(cell(&page, privilege, role).split_whitespace().collect::<Vec<_>>().join(" "), shown, "{privilege}");
    }
    assert_eq!(founder.get("/roles").await.link("Matrix"), "/roles/matrix");
    assert_eq!(founder.get("/roles/matrix?kind=own").await.texts(".across thead th"), ["Privilege", "first line"]);
    assert!(!founder.htmx_get("/roles/matrix").await.is_whole());
    assert_eq!(app.support().await.get("/roles/matrix").await.status, 403);
}

#[actix_web::test]
async fn many_roles_come_a_page_at_a_time() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for number in 10..60 {
        make_role(&app, &format!("role {number}"), &["tenants.view"]).await;
    }
    let (mut page, mut roles) = (founder.get("/roles/matrix?kind=own").await, Vec::new());
    loop {
        roles.extend(page.texts(".across thead th").into_iter().skip(1));
        match page.link("Next").as_str() {
            "" => break,
            next => page = founder.get(next).await,
        }
    }
    assert_eq!(roles, (10..60).map(|number| format!("role {number}")).collect::<Vec<_>>());
}

#[actix_web::test]
async fn the_file_has_a_row_for_each_privilege_of_each_role() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    first_line(&app, &founder).await;
    let matrix = founder.get("/roles/matrix?kind=own").await;
    let page = founder.get(&matrix.link("Export CSV")).await;
    assert_eq!(page.status, 200);
    let mut reader = csv::Reader::from_reader(page.body.as_slice());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("readable CSV");
    let stored = "select count(*) from control.role_privileges p join control.roles r on r.id = p.role_id
        where not r.is_system";
    assert_eq!(rows.len() as i64, app.number(stored).await);
    let row = |privilege: &str| rows.iter().find(|row| &row[2] == privilege).expect("a row");
    let support = role(&app, "support").await.to_string();
    assert_eq!(
        [&row("tenants.view")[3], &row("tenants.view")[4], &row("tenants.view")[5]],
        ["copied", &support, "support"]
    );
    assert_eq!([&row("jobs.view")[3], &row("jobs.view")[7]], ["given", founder.email.as_str()]);
    assert_eq!(row("jobs.view")[9], app.event("role.update").await.id.to_string());
    let json = founder.get("/roles/matrix.json").await;
    let body: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
    let all = app.number("select count(*) from control.role_privileges").await;
    assert_eq!(body["rows"].as_array().map(|rows| rows.len() as i64), Some(all));
    assert_eq!(app.person_with(&["access.view"]).await.get("/roles/matrix.csv").await.status, 403);
}
