//! Another key for the log, with the one before and without it.

use std::fs;
use std::sync::Arc;

use castellan::actor::{Actor, ActorKind, Can};
use castellan::audit::sealer::keys::KeyFile;
use castellan::audit::sealer::rotation::{self, Rotate};
use castellan::audit::sealing::note::{self, PublicKeys};
use castellan::audit::sealing::verification::{Verdict, Verification};
use castellan::db::migrate;
use jiff::Timestamp;

use crate::support::{Castellan, TestApp};

fn as_command() -> Can<Rotate> {
    Can::prove(Arc::new(Actor::process(ActorKind::Command, "audit rotate-key"))).expect("commands may do everything")
}

impl TestApp {
    fn key_file(&self) -> KeyFile {
        KeyFile::of(&self.config)
    }

    async fn last_note(&self) -> String {
        self.text("select note from audit.checkpoints order by tree_size desc, created_at desc limit 1").await
    }
}

#[actix_web::test]
async fn a_rotation_leaves_an_event_and_the_page_says_since_when_each_key_signs() {
    let app = TestApp::start().await;
    let refused = rotation::rotate(app.db(), &as_command(), &app.key_file()).await.expect_err("there is none");
    assert!(refused.to_string().contains("no key here"), "{refused}");
    app.seal().await;
    let old = note::signers(&app.last_note().await).remove(0);
    let public = rotation::rotate(app.db(), &as_command(), &app.key_file()).await.expect("a new key");
    let event = app.event("audit_key.rotate").await;
    assert_eq!(event.details["key"], note::name_of(&public));
    app.seal().await;
    let mut both = note::signers(&app.last_note().await);
    both.sort_unstable();
    let mut wanted = vec![old, note::name_of(&public).to_owned()];
    wanted.sort_unstable();
    assert_eq!(both, wanted);
    let page = app.auditor().await.get("/audit/integrity").await;
    assert_eq!(page.texts(".copied")[0], public);
    let since = page.texts(".copied + p");
    assert_eq!(since.len(), 2);
    assert!(since[0].starts_with("signs since") && since[1].starts_with("signed since"), "{since:?}");
}

#[actix_web::test]
async fn a_lost_key_is_replaced_by_one_that_goes_on_from_what_it_signed() {
    let app = TestApp::start().await;
    app.seal().await;
    let refused = rotation::replace(app.db(), &as_command(), &app.key_file()).await.expect_err("the key is here");
    assert!(refused.to_string().contains("without --lost"), "{refused}");
    fs::remove_file(app.config.audit_key()).expect("it can be lost");
    app.execute("select audit.record('test.event', 'success', false, null, 'thing', null, null, null, null)").await;
    let signed = "select count(*) from audit.checkpoints";
    app.seal().await;
    assert_eq!(app.number(signed).await, 1, "nobody signs without the key");
    let refused = rotation::rotate(app.db(), &as_command(), &app.key_file()).await.expect_err("it is lost");
    assert!(refused.to_string().contains("--lost"), "{refused}");
    let replaced = rotation::replace(app.db(), &as_command(), &app.key_file()).await.expect("a new key");
    let public = replaced.public;
    assert_eq!((app.number(signed).await, replaced.unknown.len()), (2, 0));
    assert_eq!(note::signers(&app.last_note().await), [note::name_of(&public)]);
    assert_eq!(app.event("audit_key.replace").await.details["key"], note::name_of(&public));
    let told = "select severity from audit.security_events where kind = 'sys_audit_key_replaced'";
    assert_eq!(app.texts(told).await, ["critical"]);
    app.seal().await;
    assert_eq!(app.number(signed).await, 3, "the sealer signs with it");

    let keys = app.key_file().public().expect("a file").expect("keys");
    assert_eq!(keys.lines().count(), 2);
    let keys = PublicKeys::read(&keys).expect("keys");
    let Some(mut conn) = app.config_of_database() else { return };
    let against = Verification { keys: Some(keys), held: Vec::new(), now: Timestamp::now(), archives: None };
    let report = against.run(&mut conn, Vec::new(), &|_, _| {}).expect("it can be verified");
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    let [first, second] = &report.signers[..] else { panic!("{report:?}") };
    assert_eq!((first.to < second.from, second.key.as_str()), (true, note::name_of(&public)));
}

impl TestApp {
    /// A second connection, which only a server has.
    fn config_of_database(&self) -> Option<diesel::PgConnection> {
        let is_server = !std::env::var("TEST_DATABASE_URL").unwrap_or_default().is_empty();
        is_server.then(|| migrate::connect(self.database.engine().url()).expect("the database can be reached"))
    }
}

#[actix_web::test]
async fn no_new_key_signs_a_tree_that_does_not_go_on_from_the_last_one() {
    let app = TestApp::start().await;
    app.seal().await;
    fs::remove_file(app.config.audit_key()).expect("it can be lost");
    app.execute(
        "alter table audit.tiles disable trigger refuse_rewrite;
        update audit.tiles set hashes = set_byte(hashes, 0, 255 - get_byte(hashes, 0)) where level = 0;
        alter table audit.tiles enable always trigger refuse_rewrite",
    )
    .await;
    let refused = rotation::replace(app.db(), &as_command(), &app.key_file()).await.expect_err("it was changed");
    assert!(refused.to_string().contains("tampered with"), "{refused}");
    assert!(!app.config.audit_key().exists(), "no key is left behind");
}

#[actix_web::test]
async fn whose_public_key_is_lost_as_well_is_named() {
    let app = TestApp::start().await;
    app.seal().await;
    let old = note::signers(&app.last_note().await);
    for path in [app.config.audit_key(), app.key_file().public_path()] {
        fs::remove_file(path).expect("it can be lost");
    }
    let replaced = rotation::replace(app.db(), &as_command(), &app.key_file()).await.expect("a new key");
    assert_eq!(replaced.unknown, old);
    assert_eq!(app.key_file().public().expect("a file").expect("keys").trim_end(), replaced.public);
}

#[test]
fn the_command_says_why_it_cannot() {
    let place = Castellan::migrated();
    for args in [&["audit", "rotate-key"][..], &["audit", "rotate-key", "--lost"]] {
        let run = place.run(args);
        assert_eq!((run.status, run.err.lines().count()), (1, 1), "{run:?}");
    }
}
