//! The page of the log's integrity.

use std::sync::Arc;

use castellan::actor::{Actor, ActorKind, Can, Privilege};
use castellan::audit::sealer::keys::KeyFile;
use castellan::audit::sealing::note::{self, PublicKeys};
use castellan::audit::sealing::verification::{Verdict, Verification, rows};
use jiff::Timestamp;

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
        alter table audit.checkpoints enable always trigger refuse_rewrite",
    )
    .await;
    let page = auditor.get("/audit/integrity").await;
    assert!(page.texts(".banner.bad").join("").contains("1 event waits"), "{}", page.text());
    assert_eq!(page.texts(".banner.warn").len(), 1);
    app.seal().await;
    assert_eq!(auditor.get("/audit/integrity").await.texts(".banner").len(), 0);
}

#[actix_web::test]
async fn it_is_verified_when_somebody_asks_and_the_page_says_what_was_found() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    app.seal().await;
    assert_eq!(support.post_form("/audit/verifications", &[]).await.status, 403);
    for _ in 0..2 {
        assert_eq!(auditor.post_form("/audit/verifications", &[]).await.location(), "/audit/integrity");
    }
    assert_eq!(app.number("select count(*) from control.job_queue where kind = 'audit.verify'").await, 1);
    let page = auditor.get("/audit/integrity").await;
    assert!(page.texts(".banner").join("").contains("is being verified"));
    let size = app.number("select count(*) from audit.leaves").await;
    app.run_jobs().await;
    let page = auditor.get("/audit/integrity").await;
    assert_eq!(page.texts(".facts dd .state"), ["good"]);
    let kept = "select tree_size || ' ' || finding_count || ' ' || (asked_by is not null) from audit.verifications";
    assert_eq!(app.texts(kept).await, [format!("{size} 0 true")]);
    let progress = "select progress_done || ' ' || progress_total from control.job_queue where kind = 'audit.verify'";
    assert_eq!(app.text(progress).await, format!("{size} {size}"));
    assert_eq!(page.texts(".banner").len(), 0);
}

#[actix_web::test]
async fn what_was_rewritten_is_told_once() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.seal().await;
    app.execute(
        "alter table audit.events disable trigger refuse_rewrite, disable trigger note_erasure;
        update audit.events set action = 'test.forged' where id = (select event_id from audit.leaves where leaf = 3);
        alter table audit.events enable always trigger refuse_rewrite, enable always trigger note_erasure",
    )
    .await;
    for _ in 0..2 {
        auditor.post_form("/audit/verifications", &[]).await;
        app.run_jobs().await;
    }
    let kept = app.texts("select verdict || ' ' || first_bad_leaf from audit.verifications").await;
    assert_eq!(kept, ["mismatch 3", "mismatch 3"]);
    let told = "select severity || ' ' || (details ->> 'said') from audit.security_events
        where kind = 'malicious_log_tampering'";
    assert_eq!(app.texts(told).await, ["critical the audit log is not what was sealed"]);
    let page = auditor.get("/audit/integrity").await;
    assert_eq!(page.texts(".facts dd .state"), ["mismatch"]);
    assert!(page.texts(".banner.bad").join("").contains("is not what was sealed"));
    assert!(page.text().contains("Leaf 3: event"));
}

struct Reads;

impl Privilege for Reads {
    const NAME: &'static str = "test.verify";
    const DESCRIPTION: &'static str = "Read what is sealed";
    const DATABASE_ROLE: Option<&'static str> = Some("castellan_sealer");
}

#[actix_web::test]
async fn what_is_sealed_meanwhile_is_no_mismatch() {
    let app = TestApp::start().await;
    app.tenant("northwind").await;
    app.seal().await;
    let can = Can::<Reads>::prove(Arc::new(Actor::process(ActorKind::Job, "test"))).expect("jobs may do everything");
    let more = async |name: &str| {
        app.tenant(name).await;
        app.seal().await;
        app.tenant(&format!("{name}-too")).await;
    };
    let keys = KeyFile::of(&app.config).public().expect("a file").expect("keys");
    let keys = Some(PublicKeys::read(&keys).expect("keys"));
    let against = Verification { keys, held: Vec::new(), now: Timestamp::now(), archives: None };
    let mut run = app.db().read(&can, move |conn| against.begin(conn)).await.expect("it begins");
    let size = run.size();
    more("east").await;
    let archived = run.archived();
    run.take(app.db().read(&can, move |conn| rows::check(conn, &archived, 0, size)).await.expect("rows"));
    more("south").await;
    let grow = move |conn: &mut diesel::PgConnection| {
        while run.grow(conn)? {}
        Ok(run)
    };
    let run = app.db().read(&can, grow).await.expect("it grows");
    more("west").await;
    let report = app.db().read(&can, move |conn| run.end(conn)).await.expect("it ends");
    assert_eq!((report.verdict, report.tree_size), (Verdict::Good, size), "{report:?}");
    assert!(report.unsealed > 0);
}
