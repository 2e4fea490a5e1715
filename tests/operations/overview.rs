//! The overview: numbers with their rows, parts that fail alone, scope.

use crate::support::{Page, TestApp};

/// The tile with this label, as text.
fn tile(page: &Page, label: &str) -> String {
    page.texts(".tile").into_iter().find(|text| text.starts_with(label)).unwrap_or_default()
}

#[actix_web::test]
async fn every_number_opens_the_rows_it_counts() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("northwind").await;
    app.tenant("southwind").await;
    app.execute(&format!(
        "insert into control.tenants (id, slug, name, region, status, closing_at) values
            (gen_random_uuid(), 'late', 'Late', 'eu-west', 'closing', now() + interval '3 days'),
            (gen_random_uuid(), 'later', 'Later', 'eu-west', 'closing', now() + interval '9 days');
        insert into control.tenants (id, slug, name, region, created_at)
            values (gen_random_uuid(), 'old', 'Old', 'eu-west', now() - interval '40 days');
        insert into control.clients (id, tenant_id, slug, name) values (gen_random_uuid(), '{id}', 'bakery', 'Bakery');
        insert into audit.security_events (kind, severity, occurred_at)
            values ('authn_login_fail', 'warning', now() - interval '25 hours')"
    ))
    .await;
    app.execute(
        "insert into control.job_queue (id, kind, status, attempts, last_error, finished_at) values
            (gen_random_uuid(), 'mail.send', 'dead', 10, 'no such host', now()),
            (gen_random_uuid(), 'mail.send', 'failed', 1, 'busy', null),
            (gen_random_uuid(), 'mail.send', 'failed', 2, 'busy', null),
            (gen_random_uuid(), 'mail.send', 'succeeded', 1, null, now())",
    )
    .await;
    app.leaves_jobs();
    app.anonymous().sign_in("stranger@example.com", "wrong").await;
    let page = founder.get("/").await;
    assert_eq!((page.status, page.title().as_str()), (200, "Overview"));
    assert!(
        tile(&page, "Tenants").starts_with("Tenants 5 3 active 2 closing 4 new in 30 days"),
        "{}",
        tile(&page, "Tenants")
    );
    assert!(tile(&page, "Clients").starts_with("Clients 1 1 draft 1 new in 30 days"), "{}", tile(&page, "Clients"));
    assert_eq!(tile(&page, "Failed jobs"), "Failed jobs 3 1 wait for a person 2 are tried again");
    assert_eq!(tile(&page, "Sign-in failures"), "Sign-in failures in 24 hours 1");
    assert_eq!(page.attributes(".tile svg", "aria-label"), ["+4 in 30 days", "+1 in 30 days"]);
    assert!(!page.text().contains("style="));
    for (link, rows) in
        [("3 active", 3), ("2 closing", 2), ("4 new in 30 days", 4), ("5", 5), ("3", 3), ("2 are tried again", 2)]
    {
        let address = page.link(link);
        assert_eq!(founder.get(&address).await.rows().len(), rows, "{link} leads to {address}");
    }
    let failures = page.attributes(".tile a[href^='/security-events']", "href").remove(0);
    assert_eq!(founder.get(&failures).await.rows().len(), 1, "{failures}");
    let closing: Vec<String> = page.texts("aside a.name");
    assert_eq!(closing, ["Late", "Later", "mail.send"], "what closes next comes first");
    assert!(page.texts("aside").join(" ").contains("no such host"));
    assert!(page.texts("ol.history li").join(" ").contains("tenant.create"));
}

#[actix_web::test]
async fn a_part_that_breaks_says_so_and_the_rest_stands() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.tenant("northwind").await;
    app.execute("revoke select on control.clients from castellan_staff").await;
    let page = founder.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(tile(&page, "Clients"), "Clients This could not be counted.");
    assert!(tile(&page, "Tenants").starts_with("Tenants 1 1 active"));
    app.execute("revoke select on audit.events from castellan_staff").await;
    let page = founder.get("/").await;
    assert!(page.texts(".panel").join(" ").contains("This could not be read."), "{}", page.text());
}

#[actix_web::test]
async fn everybody_sees_what_they_may() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    app.execute(&format!(
        "update control.tenants set status = 'closing', closing_at = now() + interval '1 day' where id = '{foreign}'"
    ))
    .await;
    let manager = app.scoped_to_tenant(&["overview.view", "tenants.view", "audit.view_history"], own).await;
    let page = manager.get("/").await;
    assert!(tile(&page, "Tenants").starts_with("Tenants 1 1 active"), "{}", tile(&page, "Tenants"));
    assert_eq!((tile(&page, "Clients"), tile(&page, "Sign-in")), (String::new(), String::new()));
    assert!(!page.text().contains(&foreign.to_string()) && !page.text().contains("Foreign"), "{}", page.text());
    assert!(page.texts("ol.history li").join(" ").contains("tenant.create"), "the own one was made");

    let page = app.person_with(&["overview.view"]).await.get("/").await;
    assert_eq!((page.status, page.texts(".tile").len(), page.texts(".panel").len()), (200, 0, 0));
    let page = app.auditor().await.get("/").await;
    assert_eq!((page.texts(".tile").len(), page.texts(".panel").len()), (4, 3), "auditors see everything");
    let page = app.support().await.get("/").await;
    assert!(tile(&page, "Sign-in").is_empty() && page.texts(".panel").join(" ").contains("Latest changes"));
    assert_eq!(app.person_with(&["tenants.view"]).await.get("/").await.status, 403);
    assert_eq!(app.anonymous().get("/").await.status, 303);
}

#[actix_web::test]
async fn a_glance_is_no_read_of_the_log() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    assert_eq!(auditor.get("/").await.status, 200);
    assert_eq!(app.number("select count(*) from audit.events where is_read").await, 0);
}

#[actix_web::test]
async fn an_empty_console_says_so() {
    let app = TestApp::start().await;
    let page = app.founder().await.get("/").await;
    assert!(tile(&page, "Tenants").starts_with("Tenants 0"), "{}", tile(&page, "Tenants"));
    assert!(page.texts("aside").join(" ").contains("No tenant is closing."));
}
