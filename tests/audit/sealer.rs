//! The sealer: each event has one place in the tree, without gaps, whatever comes in between.

use std::time::Duration;

use castellan::audit::sealer::keys::{KeyFile, NewKey};
use castellan::audit::sealer::{Pace, Sealer, Turn};
use castellan::audit::sealing::note::{self, PublicKeys};
use castellan::audit::sealing::tree::Tree;
use castellan::config::Config;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::support::TestApp;

impl TestApp {
    /// Seals what waits, as the console does when it ends.
    pub async fn seal(&self) -> usize {
        self.app.sealer().expect("a sealer can be made").finish(Timestamp::now()).await.expect("events can be sealed")
    }

    /// Leaves so many events.
    pub async fn happens(&self, times: usize) {
        self.execute(&format!(
            "select audit.record('test.happen', 'success', false, null, 'thing', null, null, null, null)
                from generate_series(1, {times})"
        ))
        .await;
    }

    /// Has an owner of the tables do what nobody else may.
    pub async fn tamper(&self, table: &str, statement: &str) {
        self.execute(&format!(
            "alter table audit.{table} disable trigger refuse_rewrite; {statement};
                alter table audit.{table} enable always trigger refuse_rewrite"
        ))
        .await;
    }

    /// Everything is sealed once, numbers have no gaps, and the last checkpoint is of the tree that the tiles hold.
    async fn is_whole(&self) {
        assert_eq!(self.number("select count(*) from audit.unsealed").await, 0);
        let numbers = "select count(*) || ' ' || max(leaf) + 1 || ' ' || count(distinct event_id) from audit.leaves";
        let events = "select (select count(*) from audit.events) + (select count(*) from audit.security_events)";
        let events = self.number(events).await;
        assert_eq!(self.text(numbers).await, format!("{events} {events} {events}"));
        let hex =
            self.texts("select encode(hashes, 'hex') from audit.tiles where level = 0 order by tile").await.concat();
        let hashes: Vec<[u8; 32]> = hex
            .as_bytes()
            .chunks(64)
            .map(|digits| std::str::from_utf8(digits).ok().and_then(castellan::audit::sealing::hash_of))
            .collect::<Option<_>>()
            .expect("hashes");
        assert_eq!(hashes.len() as i64, events);
        let mut tree = Tree::default();
        let tiles = tree.append(&hashes);
        for tile in tiles {
            let hashes: String = tile.hashes.iter().map(|byte| format!("{byte:02x}")).collect();
            let (level, number) = (tile.level, tile.number);
            let kept =
                format!("select encode(hashes, 'hex') from audit.tiles where level = {level} and tile = {number}");
            assert_eq!(self.text(&kept).await, hashes, "tile {level}/{number}");
        }
        let checkpoint = note::read(&self.checkpoints().await.pop().expect("one")).expect("it can be read");
        assert_eq!((checkpoint.size as i64, checkpoint.root), (events, tree.root()));
    }

    /// Notes, in the order they were signed.
    async fn checkpoints(&self) -> Vec<String> {
        self.texts("select note from audit.checkpoints order by tree_size, created_at").await
    }

    fn keys(&self) -> KeyFile {
        KeyFile::of(&self.config)
    }
}

#[actix_web::test]
async fn each_event_gets_one_place_for_good() {
    let app = TestApp::start().await;
    app.founder().await.get("/audit").await;
    app.support().await.get("/audit").await;
    app.tenant("north").await;
    assert!(app.seal().await > 0);
    app.is_whole().await;
    let before = app.texts("select leaf || ' ' || event_id from audit.leaves order by leaf").await;
    app.happens(600).await;
    assert_eq!(app.seal().await, 600);
    app.is_whole().await;
    let after = app.texts("select leaf || ' ' || event_id from audit.leaves order by leaf").await;
    assert_eq!(after[..before.len()], before);
    assert_eq!(app.seal().await, 0);
}

#[actix_web::test]
async fn two_sealers_beside_writers_leave_no_gap_and_nothing_twice() {
    let Some(app) = TestApp::on_server().await else { return };
    let pace = Pace { batch: 7, ..Pace::of(4) };
    let sealer = || Sealer::new(app.db().clone(), Some(app.keys()), pace).expect("a sealer can be made");
    let sealing = async |sealer: Sealer| {
        for _ in 0..40 {
            sealer.turn(Timestamp::now()).await.expect("a turn");
        }
    };
    let writing = async || {
        for _ in 0..30 {
            app.happens(5).await;
        }
    };
    futures_util::join!(sealing(sealer()), sealing(sealer()), writing(), writing());
    app.seal().await;
    app.is_whole().await;
}

#[actix_web::test]
async fn a_turn_that_fails_leaves_nothing_behind() {
    let app = TestApp::start().await;
    app.seal().await;
    app.happens(3).await;
    app.execute("revoke delete on audit.unsealed from castellan_sealer").await;
    let sealer = app.app.sealer().expect("a sealer can be made");
    assert!(sealer.turn(Timestamp::now()).await.is_err());
    assert_eq!(app.number("select count(*) from audit.unsealed").await, 3);
    app.execute("grant delete on audit.unsealed to castellan_sealer").await;
    assert_eq!(app.seal().await, 3);
    app.is_whole().await;
}

#[actix_web::test]
async fn an_event_that_vanished_before_it_was_sealed_is_told_once() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.seal().await;
    app.happens(3).await;
    let gone = app.text("select event_id from audit.unsealed order by occurred_at offset 1 limit 1").await;
    app.tamper("events", &format!("delete from audit.events where id = '{gone}'")).await;
    assert_eq!(app.seal().await, 4, "the event that tells of it is sealed as well");
    app.is_whole().await;
    app.seal().await;
    let told = "select severity || ' ' || (details ->> 'event') || ' ' || (details ->> 'log')
        from audit.security_events where kind = 'malicious_log_tampering'";
    assert_eq!(app.texts(told).await, [format!("critical {gone} events")]);
    let banner = auditor.get("/").await.texts(".banner.bad").join("");
    assert!(banner.contains("vanished before it was sealed"), "{banner}");
}

#[actix_web::test]
async fn a_tree_that_lost_its_end_is_not_built_on() {
    let app = TestApp::start().await;
    app.happens(5).await;
    app.seal().await;
    app.tamper("leaves", "delete from audit.leaves where leaf = (select max(leaf) from audit.leaves)").await;
    app.happens(1).await;
    let sealer = app.app.sealer().expect("a sealer can be made");
    let error = sealer.turn(Timestamp::now()).await.expect_err("it is refused").to_string();
    assert!(error.contains("tampered with"), "{error}");
    assert_eq!(app.number("select count(*) from audit.unsealed").await, 1);
}

#[actix_web::test]
async fn an_event_from_before_gets_a_later_place() {
    let app = TestApp::start().await;
    app.seal().await;
    app.execute(
        "insert into audit.events (id, occurred_at, actor_kind, action, outcome, is_read, target_kind, details)
            values ('019a0000-0000-7000-8000-00000000000b', now() - interval '1 hour', 'database', 'test.late',
                'success', false, 'thing', '{}')",
    )
    .await;
    assert_eq!(app.seal().await, 2, "that its time is another one is told");
    let place = "select leaf + 1 = (select max(leaf) from audit.leaves) from audit.leaves
        where event_id = '019a0000-0000-7000-8000-00000000000b'";
    assert_eq!(app.text(place).await, "true", "in front of the event that tells of it");
    app.is_whole().await;
}

#[actix_web::test]
async fn a_process_that_ends_seals_what_it_has_time_for() {
    let app = TestApp::start().await;
    app.seal().await;
    app.happens(3).await;
    let ended_within = async |ending: Duration| {
        let pace = Pace { batch: 1, ending, ..Pace::of(4) };
        let sealer = Sealer::new(app.db().clone(), Some(app.keys()), pace).expect("a sealer can be made");
        sealer.run(watch::channel(true).1).await;
        app.number("select count(*) from audit.unsealed").await
    };
    assert_eq!(ended_within(Duration::ZERO).await, 3, "the next process finds them");
    assert_eq!(ended_within(Duration::from_secs(3600)).await, 0);
    app.is_whole().await;
}

#[actix_web::test]
async fn a_growing_tree_is_signed_each_minute_and_one_at_rest_each_hour() {
    let app = TestApp::start().await;
    let sealer = app.app.sealer().expect("a sealer can be made");
    let began = Timestamp::now();
    let signed = async |seconds: i64| {
        let turn: Turn = sealer.turn(began + SignedDuration::from_secs(seconds)).await.expect("a turn");
        turn.signed
    };
    assert!(signed(0).await, "the first is signed at once");
    app.happens(1).await;
    assert!(!signed(59).await);
    assert!(signed(60).await);
    assert!(!signed(120).await, "it has not grown");
    assert!(!signed(60 + 3599).await);
    assert!(signed(60 + 3600).await);
    app.happens(1).await;
    assert!(signed(30).await, "where the clock was set back nobody waits for it");
    assert_eq!(sealer.finish(began).await.expect("an end"), 0);
    assert_eq!(app.checkpoints().await.len(), 4, "nothing is signed at the end that is signed already");
    app.happens(1).await;
    assert_eq!(sealer.finish(began + SignedDuration::from_secs(31)).await.expect("an end"), 1);
    assert_eq!(app.checkpoints().await.len(), 5);
    app.is_whole().await;
}

#[actix_web::test]
async fn the_key_is_made_once_for_its_owner_alone() {
    let app = TestApp::start().await;
    assert!(app.keys().keys().expect("no file is no error").is_empty());
    app.seal().await;
    let path = app.config.audit_key();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let key = std::fs::read_to_string(&path).expect("a key");
    app.happens(1).await;
    app.seal().await;
    assert_eq!(std::fs::read_to_string(&path).expect("a key"), key);
    let public = PublicKeys::read(&app.keys().public().expect("a file").expect("keys")).expect("keys");
    for checkpoint in app.checkpoints().await {
        note::open_strictly(&checkpoint, &public).expect("it is signed by the key");
    }
}

/// Another machine has no key, or, after a race at the first start, one of its own.
#[actix_web::test]
async fn who_has_not_the_key_seals_and_does_not_sign() {
    let app = TestApp::start().await;
    app.seal().await;
    app.happens(2).await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let config = Config { data_dir: elsewhere.path().to_owned(), audit_key: None, ..app.config.clone() };
    let other = KeyFile::of(&config);
    let sealer = Sealer::new(app.db().clone(), Some(other.clone()), Pace::of(1)).expect("a sealer can be made");
    assert_eq!(sealer.finish(Timestamp::now()).await.expect("it seals"), 2);
    assert!(other.keys().expect("no file is no error").is_empty(), "no key is made where there is one elsewhere");
    other.make().expect("a key");
    assert_eq!(sealer.finish(Timestamp::now()).await.expect("it seals"), 0);
    assert_eq!(app.checkpoints().await.len(), 1);
    app.seal().await;
    app.is_whole().await;
}

#[actix_web::test]
async fn a_new_key_signs_once_together_with_the_old_one() {
    let app = TestApp::start().await;
    app.seal().await;
    let old = PublicKeys::read(&app.keys().public().expect("a file").expect("keys")).expect("keys");
    let new = {
        let new = NewKey::draw(&app.keys().origin().expect("a name")).expect("a new key");
        app.keys().rotate(&new).expect("it can be written");
        PublicKeys::read(new.public()).expect("a key")
    };
    for _ in 0..2 {
        app.happens(1).await;
        app.seal().await;
    }
    let signed: Vec<(bool, bool)> = app
        .checkpoints()
        .await
        .iter()
        .map(|checkpoint| (note::open(checkpoint, &old).is_ok(), note::open(checkpoint, &new).is_ok()))
        .collect();
    assert_eq!(signed, [(true, false), (true, true), (false, true)]);
    assert_eq!(app.keys().keys().expect("keys").len(), 1, "the old private key is forgotten");
    assert_eq!(app.keys().public().expect("a file").expect("keys").lines().count(), 2, "its public key is not");
}

/// Nobody but the sealer gives places, and it can do nothing else.
#[actix_web::test]
async fn places_are_given_by_the_sealer_alone() {
    let app = TestApp::start().await;
    app.seal().await;
    let insert = "insert into audit.leaves values (99999, 'events', gen_random_uuid(), now())";
    for role in ["castellan_staff", "castellan_jobs", "castellan_auth", "castellan_scoped", "castellan_web"] {
        for statement in [insert, "delete from audit.unsealed", "update audit.tiles set hashes = hashes || hashes"] {
            assert!(app.try_as(role, statement).await.is_err(), "{role}: {statement}");
        }
    }
    for statement in [
        "delete from audit.leaves",
        "update audit.checkpoints set note = ''",
        "update audit.tiles set hashes = substr(hashes, 1, 32) where level = 0",
        "delete from audit.events",
        "insert into audit.unsealed values ('events', gen_random_uuid(), now())",
        "select 1 from control.users",
    ] {
        assert!(app.try_as("castellan_sealer", statement).await.is_err(), "{statement}");
    }
}
