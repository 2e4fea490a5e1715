//! The tree against its definition, proofs to the byte, and what verification finds.

use std::fs;

use castellan::audit::sealing::leaf::{Log, Reference};
use castellan::audit::sealing::note::{self, PublicKeys, SigningKey};
use castellan::audit::sealing::tree::{self, Tree};
use castellan::audit::sealing::{Hash, proof, store};
use castellan::db::{Engine, migrate};
use castellan::token::hex;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Text, Timestamptz, Uuid as Id};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::Castellan;

/// RFC 6962, section 2.1, as it is written there.
fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Sha256::new_with_prefix([1]).chain_update(root_of(left)).chain_update(root_of(right)).finalize().into()
        }
    }
}

fn some_leaves(count: u32) -> Vec<Hash> {
    (0..count).map(|number| Sha256::digest(number.to_be_bytes()).into()).collect()
}

/// Keeps tiles as a database would.
#[derive(Default)]
struct Kept(std::collections::HashMap<(u8, u64), Vec<u8>>);

impl Kept {
    fn put(&mut self, tiles: Vec<tree::Tile>) {
        for tile in tiles {
            let before = self.0.insert((tile.level, tile.number), tile.hashes.clone()).unwrap_or_default();
            assert!(tile.hashes.starts_with(&before), "tiles only grow");
        }
    }

    fn tile(&self, level: u8, number: u64) -> Result<Vec<u8>, String> {
        self.0.get(&(level, number)).cloned().ok_or_else(|| format!("no tile {level}/{number}"))
    }
}

#[test]
fn the_tree_of_the_known_vectors_has_their_root() {
    let data: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let leaves: Vec<Hash> = data.map(|data| Sha256::new_with_prefix([0]).chain_update(data).finalize().into()).into();
    let mut tree = Tree::default();
    assert_eq!(hex(&tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tree.append(&leaves[..1]);
    assert_eq!(hex(&tree.root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    tree.append(&leaves[1..]);
    assert_eq!(hex(&tree.root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

#[test]
fn every_size_has_the_root_of_the_definition_and_begins_with_every_older_tree() {
    let leaves = some_leaves(600);
    let (mut tree, mut kept, mut roots) = (Tree::default(), Kept::default(), vec![root_of(&[])]);
    for leaf in &leaves {
        kept.put(tree.append(&[*leaf]));
        roots.push(tree.root());
        let loaded = Tree::load(tree.size(), |level, number| kept.tile(level, number)).expect("the edge is kept");
        assert_eq!(loaded.root(), tree.root());
    }
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(*root, root_of(&leaves[..size]), "{size}");
    }
    let tile = |level, number| kept.tile(level, number);
    for older in (1..600).step_by(7) {
        let path = tree::prove_consistency(600, older, tile).expect("a proof");
        let its = roots[usize::try_from(older).expect("small")];
        tree::check_consistency(&path, 600, roots[600], older, its).expect("consistent");
        assert!(tree::check_consistency(&path, 600, roots[600], older, root_of(&[])).is_err());
    }
    for leaf in (0..600).step_by(13) {
        let path = tree::prove_inclusion(600, leaf, tile).expect("a proof");
        let hash = leaves[usize::try_from(leaf).expect("small")];
        tree::check_inclusion(&path, 600, roots[600], leaf, hash).expect("included");
        assert!(tree::check_inclusion(&path, 600, roots[600], (leaf + 1) % 600, hash).is_err());
    }
}

#[test]
fn many_leaves_at_once_are_the_same_tree() {
    let leaves = some_leaves(70_000);
    let (mut tree, mut kept) = (Tree::default(), Kept::default());
    for part in leaves.chunks(3_333) {
        kept.put(tree.append(part));
    }
    assert_eq!(tree.root(), root_of(&leaves));
    assert_eq!(kept.tile(2, 0).expect("the third level").len(), 32);
    assert_eq!(kept.tile(0, 273).expect("the last tile").len(), (70_000 - 273 * 256) * 32);
}

#[test]
fn a_checkpoint_holds_for_those_who_know_its_key() {
    let [(_, ours), (_, theirs)] = [(), ()].map(|()| SigningKey::generate("log.example/audit").expect("a key"));
    let text = note::sign(&[&ours], 7, [3; 32], Timestamp::UNIX_EPOCH).expect("signed");
    let keys = |key: &SigningKey| PublicKeys::read(&format!("{}\n", key.public())).expect("a public key");
    let opened = note::open(&text, &keys(&ours)).expect("ours");
    assert_eq!((opened.size, opened.root, opened.signed_at), (7, [3; 32], Some(Timestamp::UNIX_EPOCH)));
    assert!(note::open(&text, &keys(&theirs)).is_err());
    assert!(note::open(&text.replacen("\n7\n", "\n8\n", 1), &keys(&ours)).is_err());
    let both = note::sign(&[&ours, &theirs], 7, [3; 32], Timestamp::UNIX_EPOCH).expect("signed");
    assert!(note::open(&both, &keys(&theirs)).is_ok() && note::open_strictly(&both, &keys(&theirs)).is_err());
}

#[derive(QueryableByName)]
struct Queued {
    #[diesel(sql_type = Text)]
    log: String,
    #[diesel(sql_type = Id)]
    event_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    occurred_at: jiff_diesel::Timestamp,
}

/// A log with some hundred events, sealed, and the key that signed it.
struct Sealed {
    place: Castellan,
    key: SigningKey,
}

/// No trigger keeps whoever rules the whole server from anything.
const UNGUARDED: &str = "set session_replication_role = replica; do $$ declare one regclass; begin \
    for one in select oid from pg_class where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p') loop \
        execute format('alter table %s disable trigger user', one); end loop; end $$;";
/// The copied database may have been sealed with another key.
const ANEW: &str = "truncate audit.leaves, audit.tiles, audit.checkpoints, audit.unsealed; \
    insert into audit.unsealed select 'events', id, occurred_at from audit.events; \
    insert into audit.unsealed select 'security_events', id, occurred_at from audit.security_events;";
/// A copied database for each of many changes would take long.
const KEEP: &str = "create schema kept; create table kept.events as table audit.events; \
    create table kept.leaves as table audit.leaves; create table kept.tiles as table audit.tiles; \
    create table kept.checkpoints as table audit.checkpoints;";
const RESTORE: &str = "truncate audit.events, audit.leaves, audit.tiles, audit.checkpoints, audit.unsealed; \
    insert into audit.events table kept.events; insert into audit.leaves table kept.leaves; \
    insert into audit.tiles table kept.tiles; insert into audit.checkpoints table kept.checkpoints;";
const EVENTS: &str = "select audit.record('test.event', 'success', false, 'why', 'database', null, null, null, \
    jsonb_build_object('n', n)) from generate_series(1, 300) n; update control.users set name = 'Ada';";

impl Sealed {
    fn new() -> Sealed {
        let place = Castellan::migrated();
        place.execute(EVENTS);
        let (_, key) = SigningKey::generate("log.example/audit").expect("a key");
        fs::write(place.file("keys.pub"), key.public()).expect("a file can be written");
        let sealed = Sealed { place, key };
        sealed.with(|conn| {
            conn.batch_execute(UNGUARDED).and_then(|()| conn.batch_execute(ANEW)).expect("an unsealed log");
            sealed.seal(conn);
        });
        sealed
    }

    fn with<T>(&self, work: impl FnOnce(&mut PgConnection) -> T) -> T {
        let engine = Engine::open(&self.place.config()).expect("the database opens");
        work(&mut migrate::connect(engine.url()).expect("the database can be reached"))
    }

    fn seal(&self, conn: &mut PgConnection) {
        let queue = "select log, event_id, occurred_at from audit.unsealed order by occurred_at, event_id";
        let queued: Vec<Queued> = diesel::sql_query(queue).load(conn).expect("the queue");
        let row = |queued: &Queued| Reference {
            log: Log::named(&queued.log).expect("a log"),
            id: queued.event_id,
            occurred_at: queued.occurred_at.to_jiff(),
        };
        let rows: Vec<Reference> = queued.iter().map(row).collect();
        let leaves = store::leaves(conn, &rows).expect("leaves");
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf.as_ref().expect("a row").hash()).collect();
        let mut tree = Tree::default();
        for tile in tree.append(&hashes) {
            let insert = diesel::sql_query("insert into audit.tiles (level, tile, hashes) values ($1, $2, $3)");
            let insert = insert.bind::<Integer, _>(i32::from(tile.level)).bind::<BigInt, _>(tile.number.cast_signed());
            insert.bind::<Binary, _>(tile.hashes).execute(conn).expect("a tile");
        }
        conn.batch_execute(
            "insert into audit.leaves select row_number() over (order by occurred_at, event_id) - 1, log, event_id, \
            occurred_at from audit.unsealed; delete from audit.unsealed",
        )
        .expect("leaves");
        let note = note::sign(&[&self.key], tree.size(), tree.root(), Timestamp::now()).expect("signed");
        keep(conn, tree.size(), tree.root(), &note);
    }

    /// The exit status, and the first bad leaf.
    fn verify(&self, more: &[&str]) -> (i32, Option<u64>) {
        let keys = self.place.file("keys.pub");
        let keys = keys.to_str().expect("a path");
        let run = self.place.run(&[&["audit", "verify", "--json", "--public-key", keys], more].concat());
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
        (run.status, report["first_bad_leaf"].as_u64())
    }
}

fn keep(conn: &mut PgConnection, size: u64, root: Hash, note: &str) {
    let insert = diesel::sql_query("insert into audit.checkpoints (tree_size, root, note) values ($1, $2, $3)");
    let insert = insert.bind::<BigInt, _>(size.cast_signed()).bind::<Binary, _>(root.to_vec());
    insert.bind::<Text, _>(note).execute(conn).expect("a checkpoint");
}

#[test]
fn what_was_sealed_is_good_as_long_as_somebody_seals() {
    let sealed = Sealed::new();
    assert_eq!(sealed.verify(&[]), (0, None));
    let run = sealed.place.run(&["audit", "verify"]);
    assert_eq!(run.status, 2, "without a key: {run:?}");
    let other = note::sign(&[&sealed.key], 10, [0; 32], Timestamp::now()).expect("signed");
    fs::write(sealed.place.file("held"), other).expect("a file can be written");
    let held = sealed.place.file("held");
    assert_eq!(sealed.verify(&["--checkpoint", held.to_str().expect("a path")]).0, 1);
    let one = sealed.place.texts("select note from audit.checkpoints").remove(0);
    fs::write(&held, format!("{one}\n{one}{one}\n\n")).expect("a file can be written");
    assert_eq!(sealed.verify(&["--checkpoint", held.to_str().expect("a path")]).0, 0, "a file with many");
    let other = note::sign(&[&sealed.key], 10, [0; 32], Timestamp::now()).expect("signed");
    fs::write(&held, format!("{one}{other}{one}")).expect("a file can be written");
    assert_eq!(sealed.verify(&["--checkpoint", held.to_str().expect("a path")]).0, 1, "one of many is of another log");
    sealed.place.execute("update audit.checkpoints set note = note, created_at = created_at - interval '3 hours'");
    assert_eq!(sealed.verify(&[]), (0, None), "what was signed counts, not what a column says");
    sealed.with(|conn| {
        let (size, root) = store::tree(conn).map(|tree| (tree.size(), tree.root())).expect("the tree");
        let long_ago = Timestamp::now() - jiff::SignedDuration::from_hours(3);
        let note = note::sign(&[&sealed.key], size, root, long_ago).expect("signed");
        conn.batch_execute(&format!("{UNGUARDED} delete from audit.checkpoints")).expect("no checkpoints");
        keep(conn, size, root, &note);
    });
    assert_eq!(sealed.verify(&[]), (3, None));
}

#[test]
fn whatever_a_superuser_changes_is_found() {
    let of = |leaf: u64| format!("(select event_id from audit.leaves where leaf = {leaf})");
    let (one, other) = (of(17), of(19));
    let tampers: [(String, Option<u64>); 11] = [
        (format!("update audit.events set details = '{{\"n\": 0}}' where id = {one}"), Some(17)),
        (format!("update audit.events set occurred_at = occurred_at + interval '1 ms' where id = {one}"), Some(17)),
        (format!("delete from audit.events where id = {one}"), Some(17)),
        (
            format!(
                "update audit.events e set details = o.details, reason = o.reason, salt = o.salt, action = o.action \
                from audit.events o where (e.id = {one} and o.id = {other}) or (e.id = {other} and o.id = {one})"
            ),
            Some(17),
        ),
        ("delete from audit.leaves where leaf >= 290".into(), Some(290)),
        (
            "update audit.tiles set hashes = set_byte(hashes, 160, 255 - get_byte(hashes, 160)) \
                where level = 0 and tile = 0"
                .into(),
            Some(5),
        ),
        (
            "update audit.tiles set hashes = set_byte(hashes, 0, 255 - get_byte(hashes, 0)) where level = 1".into(),
            Some(0),
        ),
        ("update audit.checkpoints set root = sha256('')".into(), None),
        ("update audit.checkpoints set note = replace(note, 'log.example', 'lag.example')".into(), None),
        (
            format!(
                "insert into audit.events (id, occurred_at, actor_kind, action, outcome, is_read, target_kind, details, \
                database_user) select gen_random_uuid(), occurred_at, actor_kind, action, outcome, is_read, \
                target_kind, details, database_user from audit.events where id = {one}"
            ),
            None,
        ),
        (
            "insert into audit.unsealed (log, event_id, occurred_at) values ('events', gen_random_uuid(), now())"
                .into(),
            None,
        ),
    ];
    let sealed = Sealed::new();
    sealed.place.execute(KEEP);
    for (tamper, leaf) in tampers {
        sealed.place.execute(&format!("{UNGUARDED} {RESTORE} {tamper}"));
        assert_eq!(sealed.verify(&[]), (1, leaf), "{tamper}");
    }
}

/// Owners of the tables are no superusers, and need not be.
#[test]
fn whatever_an_owner_switches_off_before_is_found() {
    let unguarded = UNGUARDED.replace("set session_replication_role = replica;", "set role castellan_owner;");
    let all = "select id from audit.events where reason is not null";
    let tampers = [
        ("update audit.events set action = 'test.forged' where reason is not null".to_owned(), "is not what was sealed"),
        (
            format!(
                "with due as (select e.id, audit.erased('events', to_jsonb(e), array['reason']) as b \
                    from audit.events e where id in ({all} limit 3)) \
                update audit.events e set reason = null, salt = null, salts = b -> 'salts', commitments = b -> 'commitments' \
                from due where e.id = due.id"
            ),
            "3 rows of the events have lost values, and erasures announced 0.",
        ),
        (
            "do $$ begin execute format('drop table %s', (select tableoid::regclass from audit.events limit 1)); end $$"
                .to_owned(),
            "is gone",
        ),
    ];
    for (tamper, found) in tampers {
        let sealed = Sealed::new();
        sealed.place.execute(&format!("{unguarded} {tamper}"));
        let keys = sealed.place.file("keys.pub");
        let run = sealed.place.run(&["audit", "verify", "--public-key", keys.to_str().expect("a path")]);
        assert!(run.status == 1 && format!("{}{}", run.out, run.err).contains(found), "{tamper}: {run:?}");
    }
}

#[test]
fn a_changed_value_and_another_key_are_found() {
    let sealed = Sealed::new();
    let place = "select min(l.leaf) from audit.leaves l join audit.changes c on c.event_id = l.event_id \
        where c.table_name = 'users' and c.op = 'update'";
    let leaf: u64 = sealed.place.texts(place)[0].parse().expect("a leaf");
    sealed.place.execute(&format!(
        "{UNGUARDED} update audit.changes set after = after || '{{\"name\": \"Eve\"}}' \
            where event_id = (select event_id from audit.leaves where leaf = {leaf}) and table_name = 'users'"
    ));
    assert_eq!(sealed.verify(&[]), (1, Some(leaf)));

    let sealed = Sealed::new();
    let (_, forger) = SigningKey::generate("log.example/audit").expect("a key");
    sealed.with(|conn| {
        let (size, root) = store::tree(conn).map(|tree| (tree.size(), tree.root())).expect("the tree");
        let note = note::sign(&[&forger], size, root, Timestamp::now()).expect("signed");
        keep(conn, size, root, &note);
    });
    assert_eq!(sealed.verify(&[]), (1, None));
}

#[test]
fn a_proof_holds_and_no_byte_of_it_can_be_changed() {
    let sealed = Sealed::new();
    let changed = "select event_id from audit.changes where table_name = 'users' and op = 'update' limit 1";
    let event = sealed.place.texts(changed).remove(0);
    let run = sealed.place.run(&["audit", "prove", &event]);
    assert_eq!(run.status, 0, "{run:?}");
    fs::write(sealed.place.file("proof"), &run.out).expect("a file can be written");
    let path = |name| sealed.place.file(name).to_str().expect("a path").to_owned();
    let check = sealed.place.run(&["audit", "check", &path("proof"), "--public-key", &path("keys.pub")]);
    assert_eq!(check.status, 0, "{check:?}");
    let keys = PublicKeys::read(sealed.key.public()).expect("a key");
    assert!(run.out.contains("Ada") && proof::check(&run.out, &keys).is_ok());
    for place in 0..run.out.len() {
        let mut bytes = run.out.clone().into_bytes();
        bytes[place] ^= 1;
        if let Ok(text) = String::from_utf8(bytes) {
            assert!(proof::check(&text, &keys).is_err(), "byte {place}: {text}");
        }
    }
    let none = sealed.place.run(&["audit", "prove", &Uuid::nil().to_string()]);
    assert_eq!((none.status, none.err.lines().count()), (1, 1), "{none:?}");
}
