//! `return_to` leads to our own pages and nowhere else.

use crate::support::{PASSWORD, TestApp};

const ELSEWHERE: [&str; 16] = [
    "//evil.example",
    "///evil.example",
    "https://evil.example",
    "HTTPS:evil.example",
    "http:/\\evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/tenants\\..\\..\\evil.example",
    "/\tevil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/tenants\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    " //evil.example",
    "evil.example",
];

#[actix_web::test]
async fn signing_in_leads_to_our_own_pages() {
    let app = TestApp::start().await;
    let (_, email) = app.staff("admin").await;
    for target in ELSEWHERE {
        let answer = app
            .anonymous()
            .post_form("/sign-in", &[("email", &email), ("password", PASSWORD), ("return_to", target)])
            .await;
        assert_eq!((answer.status, answer.location().as_str()), (303, "/"), "{target:?}");
        assert!(answer.set_cookies().iter().all(|cookie| !cookie.starts_with("a=")));
    }
    for target in ["/tenants", "/tenants?q=a&status=active", "/account/sessions", "/", "/tenants?q=%2F%2Fevil.example"]
    {
        let answer = app
            .anonymous()
            .post_form("/sign-in", &[("email", &email), ("password", PASSWORD), ("return_to", target)])
            .await;
        assert_eq!(answer.location(), target);
    }
}

#[actix_web::test]
async fn forms_and_actions_lead_to_our_own_pages() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    for target in ELSEWHERE {
        let encoded = castellan::web::query::encode(target);
        for page in ["edit", "suspension/new"] {
            let page = admin.get(&format!("/tenants/{id}/{page}?return_to={encoded}")).await;
            assert_eq!(page.status, 200, "{target:?}");
            assert!(
                !page.text().contains("evil") && !page.text().contains("alert(1)"),
                "{target:?} is in {}",
                page.path
            );
        }
        let form = admin.get(&format!("/tenants/{id}/edit")).await.form();
        let answer = admin.submit(&form.with("return_to", target)).await;
        assert_eq!((answer.status, answer.location()), (303, format!("/tenants/{id}")), "{target:?}");
    }
    let form = admin.get(&format!("/tenants/{id}/suspension/new")).await.form();
    let form = form.with("reason", "x").with("confirm", "northwind").with("return_to", ELSEWHERE[0]);
    assert_eq!(admin.submit(&form).await.location(), format!("/tenants/{id}"));
    app.leaves_jobs();
}

#[actix_web::test]
async fn the_second_step_and_elevation_lead_to_our_own_pages() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    for target in ELSEWHERE {
        let encoded = castellan::web::query::encode(target);
        let halfway = app.halfway(&person.email).await;
        let page = halfway.get(&format!("/sign-in/factor?return_to={encoded}")).await;
        assert!(!page.text().contains("evil") && !page.text().contains("alert(1)"), "{target:?}");
        app.codes_are_new().await;
        let answer = halfway.post_form("/sign-in/factor", &[("code", &phone.code()), ("return_to", target)]).await;
        assert_eq!((answer.status, answer.location().as_str()), (303, "/"), "{target:?}");

        let page = person.get(&format!("/elevation?return_to={encoded}")).await;
        assert!(!page.text().contains("evil") && !page.text().contains("alert(1)"), "{target:?}");
        app.codes_are_new().await;
        let answer = person.post_form("/elevation", &[("code", &phone.code()), ("return_to", target)]).await;
        assert_eq!((answer.status, answer.location().as_str()), (303, "/"), "{target:?}");
    }
}

/// A form that shows its effect first carries everything typed through another page.
#[actix_web::test]
async fn pages_that_ask_once_more_lead_to_our_own_pages() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let made = founder.post_form("/roles", &[("name", "operator")]).await.location();
    for target in ELSEWHERE {
        let encoded = castellan::web::query::encode(target);
        let form = founder.get(&format!("{made}/edit?return_to={encoded}")).await.form();
        assert_eq!(form.value("return_to"), "", "{target:?}");
        let shown = founder.submit(&form.with("reason", "why").with("return_to", target)).await;
        assert_eq!(shown.status, 200, "{target:?}: {:?}", shown.errors());
        assert!(shown.attributes("main a", "href").iter().all(|href| !href.contains("evil")), "{target:?}");
        assert_eq!(founder.submit(&shown.form()).await.location(), made, "{target:?}");
    }
    let form = founder.get(&format!("{made}/edit?return_to=/roles?q=a")).await.form().with("reason", "why");
    let shown = founder.submit(&form).await;
    assert_eq!(founder.submit(&shown.form()).await.location(), "/roles?q=a");
}
