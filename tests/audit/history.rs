//! Histories: what tabs and the overview show of the log.

use crate::support::TestApp;

#[actix_web::test]
async fn an_event_of_many_rows_leaves_the_others_theirs() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    for (number, name) in ["One", "Two"].into_iter().enumerate() {
        let form = admin.get(&format!("/tenants/{id}/edit")).await.form();
        assert_eq!(admin.submit(&form.with("name", name)).await.status, 303);
        if number == 0 {
            app.execute(&format!(
                "insert into audit.events (id, occurred_at, action, actor_kind, target_kind, tenant_id)
                    values ('11111111-1111-1111-1111-111111111111', now(), 'test.bulk', 'job', 'thing', '{id}');
                insert into audit.changes (event_id, occurred_at, table_name, row_id, op, tenant_id)
                    select '11111111-1111-1111-1111-111111111111', now(), 'things', gen_random_uuid(), 'insert', '{id}'
                    from generate_series(1, 2500)"
            ))
            .await;
        }
    }
    let lines = admin.get(&format!("/tenants/{id}/history")).await.texts("ol.history li");
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].contains("name One → Two"), "{lines:?}");
    assert!(lines[1].contains("test.bulk 20+ rows"), "{lines:?}");
    assert!(lines[2].contains("name Northwind → One"), "{lines:?}");
    assert!(lines[3].contains("tenant.create"), "{lines:?}");
}

#[actix_web::test]
async fn failures_and_refusals_are_part_of_it_and_reads_are_not() {
    let app = TestApp::start().await;
    let (admin, support) = (app.admin().await, app.support().await);
    let id = app.tenant("northwind").await;
    for (action, outcome, is_read) in
        [("test.failed", "failure", false), ("test.denied", "denied", false), ("test.read", "success", true)]
    {
        let values = format!("'{id}', '{outcome}', {is_read}");
        app.happened(action, "tenant_id, outcome, is_read", &values).await;
    }
    let page = admin.get(&format!("/tenants/{id}/history")).await;
    let lines = page.texts("ol.history li").join("\n");
    assert!(lines.contains("test.failed failure") && lines.contains("test.denied denied"), "{lines}");
    assert!(!lines.contains("test.read"), "{lines}");
    assert!(page.link("test.failed").starts_with("/audit/"));
    let page = support.get(&format!("/tenants/{id}/history")).await;
    assert!(page.link("test.failed").is_empty(), "support may not open the log");
}
