//! The list of people.

use crate::support::{Page, TestApp};

fn emails(page: &Page) -> Vec<String> {
    page.texts("#list tbody td:first-child small")
}

/// Somebody of each kind and state.
async fn crowd(app: &TestApp) {
    app.execute(
        "insert into control.users (id, email, name, status, is_staff, kind, mfa_enabled, created_at, last_login_at) values
        (gen_random_uuid(), 'ada@example.org', 'Ada 100%_Lovelace', 'active', true, 'human', true, '2026-01-15 12:00Z', '2026-02-01 12:00Z'),
        (gen_random_uuid(), 'bob@example.org', 'Bob', 'locked', true, 'human', false, '2026-01-16 12:00Z', '2026-02-02 12:00Z'),
        (gen_random_uuid(), 'bot@example.org', 'Deploy bot', 'active', true, 'service', false, '2026-01-17 12:00Z', null),
        (gen_random_uuid(), 'eve@tenant.example', 'Eve', 'suspended', false, 'human', false, '2026-01-18 12:00Z', null)",
    )
    .await;
}

#[actix_web::test]
async fn everybody_is_listed_with_what_they_are() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    crowd(&app).await;
    let page = founder.get("/people?q=example.org&sort=name").await;
    assert_eq!(emails(&page), ["ada@example.org", "bob@example.org", "bot@example.org"]);
    let cells = &page.rows()[0];
    assert_eq!(cells[1..5], ["active", "staff", "", "yes"], "{cells:?}");
    assert_eq!(page.rows()[2][1..6], ["active", "service", "", "no", "never"], "{:?}", page.rows()[2]);
    let row = founder.get(&format!("/people?q={}", founder.email)).await.rows().remove(0);
    assert_eq!(row[2..4], ["staff", "founder"]);
    assert!(founder.get("/").await.texts("nav.side a").contains(&"People".to_owned()));
}

#[actix_web::test]
async fn filters_narrow_and_search_takes_wildcards_as_text() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    crowd(&app).await;
    let role = app.text("select id from control.roles where name = 'auditor'").await;
    app.execute(&format!(
        "insert into control.assignments (id, user_id, role_id, scope_kind, reason, expires_at)
        select gen_random_uuid(), id, '{role}', 'platform', 'test',
            case when email = 'bob@example.org' then now() - interval '1 day' end
        from control.users where email in ('ada@example.org', 'bob@example.org')"
    ))
    .await;
    for (query, found) in [
        ("q=LOVELACE", "ada@example.org"),
        ("q=0%25_L", "ada@example.org"),
        ("q=tenant.ex", "eve@tenant.example"),
        ("q=%25%25", ""),
        ("status=locked,suspended&sort=name", "bob@example.org eve@tenant.example"),
        ("kind=service", "bot@example.org"),
        ("mfa=yes", "ada@example.org"),
        ("staff=no", "eve@tenant.example"),
        ("staff=yes&mfa=no&q=example.org&sort=name", "bob@example.org bot@example.org"),
        ("created=2026-01-16..2026-01-17&sort=name", "bob@example.org bot@example.org"),
        (&format!("role={role}"), "ada@example.org"),
        (&format!("role={role}&status=locked"), ""),
    ] {
        let page = founder.get(&format!("/people?{query}")).await;
        assert_eq!((page.status, emails(&page).join(" ").as_str()), (200, found), "{query}");
    }
    let page = founder.get(&format!("/people?role={role}")).await;
    assert_eq!(page.texts(".chip b"), ["auditor"], "a role is shown by its name");
    for query in ["status=asleep", "staff=maybe", "kind=robot", "role=auditor", "created=soon", "colour=red"] {
        assert_eq!(founder.get(&format!("/people?{query}")).await.status, 400, "{query}");
    }
}

#[actix_web::test]
async fn every_sort_pages_through_everybody_and_back() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.execute(
        "insert into control.users (id, email, name, created_at, last_login_at)
        select gen_random_uuid(), 'p' || n || '@example.org', 'Person ' || n / 3, '2026-01-01 12:00Z',
            case when n % 2 = 0 then timestamptz '2026-02-01 12:00Z' + make_interval(hours => n / 5) end
        from generate_series(1, 118) n",
    )
    .await;
    for sort in ["name", "-name", "created_at", "-created_at", "last_login_at", "-last_login_at"] {
        let (forth, last) = founder.walk(founder.get(&format!("/people?sort={sort}")).await, "next").await;
        assert_eq!(forth.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20], "{sort}");
        let (back, _) = founder.walk(last, "prev").await;
        assert_eq!(back.into_iter().rev().collect::<Vec<_>>(), forth, "{sort} backwards");
        let mut ids = forth.concat();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 120, "{sort} leaves out or repeats rows");
    }
    let late = founder.get("/people?sort=-last_login_at&q=example.org").await;
    let early = founder.get("/people?sort=last_login_at&q=example.org").await;
    assert!(late.rows()[0][5] != "never" && early.rows()[0][5] == "never");
    assert_eq!(late.texts(".pager span")[0], "50 of 118");
}

#[actix_web::test]
async fn the_export_has_the_rows_of_the_list_and_is_recorded() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    crowd(&app).await;
    let csv = auditor.get("/people.csv?q=example.org&sort=name").await;
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
    let lines: Vec<&str> = csv.text().lines().collect();
    assert!(lines[0].starts_with("id,email,name,kind,status,is_staff,mfa_enabled,"), "{}", lines[0]);
    assert!(lines[1].contains(",ada@example.org,Ada 100%_Lovelace,human,active,true,true,"), "{}", lines[1]);
    assert_eq!(lines.len(), 4);
    assert!(app.event("access.export").await.is_read);
    assert!(auditor.get("/people").await.link("Invite a person").is_empty());
    assert_eq!(app.support().await.get("/people.csv").await.status, 403);
}
