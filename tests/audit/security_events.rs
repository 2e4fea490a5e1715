//! The list of refusals and sign-in trouble.

use crate::support::TestApp;

#[actix_web::test]
async fn trouble_is_listed_and_filtered() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    app.anonymous().sign_in("stranger@example.com", "wrong").await;
    assert_eq!(support.get("/audit").await.status, 403);
    app.execute(
        "insert into audit.security_events (kind, severity, occurred_at) values
            ('session_use_after_expire', 'critical', date_trunc('month', now()) - interval '1 day')",
    )
    .await;
    let kinds = async |query: &str| -> Vec<String> {
        let page = auditor.get(&format!("/security-events{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.rows().into_iter().map(|row| row[1].clone()).collect()
    };
    assert_eq!(kinds("").await, ["authz_fail", "authn_login_fail", "session_use_after_expire"]);
    assert_eq!(kinds("?kind=authz_fail").await, ["authz_fail"]);
    assert_eq!(kinds("?kind=authz_fail,authn_login_fail").await, ["authz_fail", "authn_login_fail"]);
    assert_eq!(kinds("?severity=critical").await, ["session_use_after_expire"]);
    let month = app.text("select to_char(date_trunc('month', now()), 'YYYY-MM-DD')").await;
    assert_eq!(kinds(&format!("?occurred={month}..")).await, ["authz_fail", "authn_login_fail"]);
    let page = auditor.get("/security-events?kind=authz_fail").await;
    let row = page.rows().remove(0).join(" ");
    assert!(row.contains(&support.email) && row.contains("why audit.view"), "{row}");
    assert!(!auditor.get("/security-events").await.text().contains("stranger@example.com"));
}

#[actix_web::test]
async fn nothing_refused_is_said() {
    let app = TestApp::start().await;
    let page = app.auditor().await.get("/security-events").await;
    assert!(page.texts(".empty").join("").contains("Nothing was refused yet"), "{}", page.text());
}
