//! The counts beside the entries of the navigation.

use castellan::operations::counts;
use castellan::routes;

use crate::support::TestApp;

#[actix_web::test]
async fn entries_show_how_many_there_are_to_those_who_see_them_all() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    app.tenant("southwind").await;
    app.execute(
        "insert into control.job_queue (id, kind, status, finished_at)
            values (gen_random_uuid(), 'test.one', 'dead', now()), (gen_random_uuid(), 'test.one', 'succeeded', now())",
    )
    .await;
    let (founder, manager) = (app.founder().await, app.manager_of_tenant(tenant).await);
    let shown = |page: &crate::support::Page| page.texts(".side .count");
    assert!(shown(&founder.get("/tenants").await).is_empty(), "nobody has counted yet");
    counts::refresh_once(app.db(), &app.app.site, routes::counts()).await.expect("they can be counted");
    assert_eq!(shown(&founder.get("/tenants").await), ["2", "0", "1"]);
    assert_eq!(founder.get("/tenants").await.texts(".side .count.due"), ["1"]);
    assert!(shown(&manager.get("/tenants").await).is_empty(), "the numbers are of the whole platform");
    app.leaves_jobs();
}
