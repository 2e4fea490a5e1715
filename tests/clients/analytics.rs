//! How a client's sites do.

use serde_json::Value;
use uuid::Uuid;

use crate::support::TestApp;

/// A number for each of the last so many days, beginning with an older day than the last.
async fn days(app: &TestApp, client: Uuid, from: i32, to: i32, views: i64) {
    app.execute(&format!(
        "insert into control.client_analytics
            (id, client_id, tenant_id, day, page_views, visitors, conversions, errors, avg_load_ms)
        select gen_random_uuid(), c.id, c.tenant_id, (now() at time zone 'UTC')::date - n, {views}, {views} / 2, 1, 0,
            case when n % 2 = 0 then 100 end
        from control.clients c, generate_series({from}, {to}) n where c.id = '{client}'"
    ))
    .await;
}

#[actix_web::test]
async fn without_figures_the_page_says_so() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    days(&app, client, 40, 50, 10).await;
    let page = support.get(&format!("/clients/{client}/analytics")).await;
    assert_eq!(page.status, 200);
    assert!(page.texts(".empty h2")[0].starts_with("No figures from"));
    assert!(page.texts(".chart").is_empty());
    let page = support.get(&format!("/clients/{client}/analytics?days=90")).await;
    assert_eq!(page.attributes(".chart", "data-series").len(), 4);
}

#[actix_web::test]
async fn tiles_add_up_and_compare_and_charts_have_every_day() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let other = app.client(tenant, "other", "active").await;
    days(&app, client, 0, 29, 1200).await;
    days(&app, client, 30, 59, 1000).await;
    days(&app, other, 0, 29, 7).await;
    app.execute("delete from control.client_analytics where day = (now() at time zone 'UTC')::date - 3").await;
    let page = support.get(&format!("/clients/{client}/analytics")).await;
    assert_eq!(page.texts("nav[aria-label=Period] a[aria-current]"), ["30 days"]);
    assert_eq!(
        page.texts(".tile"),
        [
            "Page views 34,800 +16%",
            "Visitors a day 600 +20%",
            "Conversions 29 -3%",
            "Errors 0",
            "Mean load time 100 ms ±0%"
        ]
    );
    assert_eq!(page.attributes(".tile .d", "class"), ["d good", "d good", "d bad", "d "]);
    let series: Value = serde_json::from_str(&page.attributes(".chart", "data-series")[0]).expect("JSON");
    assert_eq!(series["x"].as_array().map(Vec::len), Some(30));
    assert_eq!(series["labels"], serde_json::json!(["page views", "visitors"]));
    let views = series["y"][0].as_array().expect("a line");
    assert_eq!((views.len(), &views[26], &views[29]), (30, &Value::Null, &1200.into()), "a missing day is a gap");
    let rows = page.rows();
    assert_eq!((rows.len(), rows[0][1].as_str()), (29, "1,200"), "newest first, behind the charts");
    assert!(rows[0][0] > rows[28][0]);

    let page = support.get(&format!("/clients/{client}/analytics?days=365")).await;
    assert_eq!(page.texts(".tile").first().map(String::as_str), Some("Page views 64,800"), "nothing to compare with");
    for days in ["7", "x", "-30", ""] {
        let page = support.get(&format!("/clients/{client}/analytics?days={days}")).await;
        assert_eq!(page.status, 400, "{days}");
        assert!(page.message().contains("30, 90, 365"), "{}", page.message());
    }
}
