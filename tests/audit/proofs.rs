//! The proof of an event as a download from its page.

use castellan::audit::sealing::{note::PublicKeys, proof};
use uuid::Uuid;

use crate::support::TestApp;

#[actix_web::test]
async fn it_checks_out_with_the_public_key_alone() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    assert_eq!(support.get("/audit").await.status, 403);
    app.seal().await;
    let keys = PublicKeys::read(auditor.get("/audit/public-key").await.text()).expect("keys");
    let event = app.text("select id from audit.events where action = 'user.create' limit 1").await;
    let refusal = app.text("select id from audit.security_events where kind = 'authz_fail' limit 1").await;
    for page in [format!("/audit/{event}"), format!("/security-events/{refusal}")] {
        let link = auditor.get(&page).await.link("its proof");
        assert_eq!(link, format!("{page}/proof"));
        let file = auditor.get(&link).await;
        assert_eq!((file.status, file.header("content-type")), (200, "application/json"), "{}", file.text());
        assert!(file.header("content-disposition").starts_with("attachment; filename=\"castellan-audit-proof-"));
        let (checked, checkpoint) = proof::check(file.text(), &keys).expect("it is proven");
        assert!(checked.data.contains(page.rsplit('/').next().expect("an id")), "{}", checked.data);
        assert!(checked.leaf < checkpoint.size);
        let forged = file.text().replacen("user", "usor", 1).replacen("authz", "outhz", 1);
        assert!(proof::check(&forged, &keys).is_err(), "a changed one is not");
    }
    let read = app.last_read().await;
    assert_eq!((read.action.as_str(), read.actor_id), ("audit.view", auditor.id));
    assert!(read.details["asked_for"].as_str().is_some_and(|path| path.ends_with("/proof")));
}

#[actix_web::test]
async fn what_cannot_be_proven_is_said() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let event = app.text("select id from audit.events where action = 'user.create' limit 1").await;
    let page = auditor.get(&format!("/audit/{event}")).await;
    assert!(!page.text().contains("/proof"), "what is not sealed is not offered");
    let page = auditor.get(&format!("/audit/{event}/proof")).await;
    assert_eq!((page.status, page.message().contains("not sealed yet")), (409, true), "{}", page.message());
    for path in [
        format!("/audit/{}/proof", Uuid::now_v7()),
        format!("/security-events/{}/proof", Uuid::now_v7()),
        // An event of the other log.
        format!("/security-events/{event}/proof"),
        "/audit/nothing/proof".to_owned(),
    ] {
        assert_eq!(auditor.get(&path).await.status, 404, "{path}");
    }
    let scoped = app.scoped_to_tenant(&["audit.view"], app.tenant("northwind").await).await;
    assert_eq!(scoped.get(&format!("/audit/{event}/proof")).await.status, 403, "who sees parts can prove no whole");
}
