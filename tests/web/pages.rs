//! What holds for every page.

use crate::support::TestApp;

#[actix_web::test]
async fn a_signed_in_person_sees_pages_and_nobody_else_does() {
    let app = TestApp::start().await;
    app.tenant("northwind").await;
    let founder = app.founder().await;
    let page = founder.get("/tenants").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.names(), ["Northwind"]);
    let page = app.anonymous().get("/tenants").await;
    assert_eq!((page.status, page.location().as_str()), (303, "/sign-in?return_to=/tenants"));
}
