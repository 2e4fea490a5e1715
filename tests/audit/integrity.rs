//! The page of the log's integrity.

use castellan::audit::sealing::note::{self, PublicKeys};

use crate::support::TestApp;

impl TestApp {
    /// As if everything in the queue had waited for so long.
    pub async fn has_waited(&self, minutes: i64) {
        self.execute(&format!(
            "with gone as (delete from audit.unsealed returning log, event_id, occurred_at)
                insert into audit.unsealed (log, event_id, occurred_at, queued_at)
                select *, now() - interval '{minutes} minutes' from gone"
        ))
        .await;
    }
}

#[actix_web::test]
async fn it_says_how_far_the_log_is_sealed() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    assert_eq!(support.get("/audit/integrity").await.status, 403);
    let page = auditor.get("/audit/integrity").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.texts(".banner.bad").len(), 0, "what waits for seconds is no trouble");
    assert_eq!(page.texts("nav [aria-current=page]"), ["Integrity"], "it is one place, below another one");
    assert!(page.text().contains("There is none yet"));
    for path in ["/audit/checkpoint", "/audit/public-key"] {
        assert_eq!(auditor.get(path).await.status, 409, "{path}");
    }
    app.seal().await;
    let size = app.number("select count(*) from audit.leaves").await;
    let page = auditor.get("/audit/integrity").await;
    let facts = page.texts("dl.facts dd");
    assert!(facts[0].starts_with(&format!("{size} event")), "{facts:?}");
    assert_eq!(page.rows().len(), 1);
    assert_eq!(page.texts(".banner").len(), 0);
    let root = app.text("select encode(root, 'hex') from audit.checkpoints").await;
    assert!(facts.contains(&root), "{facts:?}");
}

#[actix_web::test]
async fn what_is_downloaded_checks_out_on_its_own() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.seal().await;
    let (checkpoint, keys) = (auditor.get("/audit/checkpoint").await, auditor.get("/audit/public-key").await);
    for page in [&checkpoint, &keys] {
        assert_eq!((page.status, page.header("content-type")), (200, "text/plain; charset=utf-8"));
        assert!(page.header("content-disposition").starts_with("attachment"));
    }
    let keys = PublicKeys::read(keys.text()).expect("keys");
    let checkpoint = note::open_strictly(checkpoint.text(), &keys).expect("it is signed by them");
    assert_eq!(checkpoint.size as i64, app.number("select max(tree_size) from audit.checkpoints").await);
    assert!(!auditor.get("/audit/integrity").await.text().contains("PRIVATE"));
}

#[actix_web::test]
async fn sealing_that_stands_still_and_a_tree_that_nobody_signs_are_said() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.seal().await;
    app.execute("select audit.record('test.happen', 'success', false, null, 'thing', null, null, null, null)").await;
    app.has_waited(3).await;
    let page = auditor.get("/audit/integrity").await;
    assert_eq!(page.texts(".banner.bad").len(), 0, "a tree that was signed this minute is being worked on");
    app.execute(
        "alter table audit.checkpoints disable trigger refuse_rewrite;
        update audit.checkpoints set created_at = created_at - interval '121 minutes';
        alter table audit.checkpoints enable trigger refuse_rewrite",
    )
    .await;
    let page = auditor.get("/audit/integrity").await;
    assert!(page.texts(".banner.bad").join("").contains("1 event waits"), "{}", page.text());
    assert_eq!(page.texts(".banner.warn").len(), 1);
    app.seal().await;
    assert_eq!(auditor.get("/audit/integrity").await.texts(".banner").len(), 0);
}
