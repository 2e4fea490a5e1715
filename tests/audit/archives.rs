//! Months that leave the database: nothing is lost on the way, and everything still verifies.

use std::fs;
use std::path::PathBuf;

use castellan::audit::archives::check;
use castellan::audit::sealer::keys::KeyFile;
use castellan::audit::sealing::note::{self, Checkpoint, PublicKeys};
use castellan::audit::sealing::proof;
use castellan::audit::sealing::verification::{Report, Verdict, Verification};
use castellan::jobs::NewJob;
use diesel::connection::SimpleConnection;
use jiff::Timestamp;
use uuid::Uuid;

use crate::support::{CHEAP, Castellan, TestApp};

/// Long ago.
pub const MONTH: &str = "2024-03";

/// A console that keeps a year, with a folder for what is older.
pub struct Keeping {
    pub app: TestApp,
    pub folder: tempfile::TempDir,
}

impl TestApp {
    /// What outsiders check the log with.
    pub fn public_keys(&self) -> String {
        KeyFile::of(&self.config).public().expect("a file").expect("keys")
    }

    /// What verification finds, as the role of the command.
    pub async fn verify_log(&self, archives: Option<PathBuf>, held: Option<Checkpoint>) -> Report {
        let keys = self.public_keys();
        let found = self.db().ask(move |conn| {
            conn.batch_execute("set role castellan_sealer")?;
            let keys = PublicKeys::read(&keys).expect("keys");
            let held = held.into_iter().collect();
            let against = Verification { keys: Some(keys), held, now: Timestamp::now(), archives };
            let report = against.run(conn, Vec::new(), &|_, _| {});
            conn.batch_execute("set role castellan_web")?;
            report
        });
        found.await.expect("the log can be verified")
    }
}

impl Keeping {
    pub async fn start() -> Keeping {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().to_owned();
        let app = TestApp::configured(CHEAP, |config| {
            config.audit_keep_months = Some(12);
            config.security_keep_months = Some(12);
            config.audit_archive = Some(path);
        });
        Keeping { app: app.await, folder }
    }

    /// With a month of both logs, sealed and signed.
    pub async fn with_an_old_month() -> Keeping {
        let keeping = Keeping::start().await;
        keeping.writes(MONTH, 700).await;
        keeping.app.seal().await;
        keeping
    }

    /// So many events with a change each, and a security event beside every seventh, as if they had been written then.
    pub async fn writes(&self, month: &str, events: usize) {
        self.app
            .execute(&format!(
                "select audit.ensure_partition(log, '{month}-01') from unnest(array['events', 'changes', 'security_events']) log;
                insert into audit.events (occurred_at, actor_kind, action, target_kind, reason, details)
                    select '{month}-02 00:00+00'::timestamptz + n * interval '1 hour', 'database', 'test.old', 'thing',
                        'spoken ' || n, jsonb_build_object('n', n) from generate_series(0, {events} - 1) n;
                insert into audit.changes (event_id, occurred_at, table_name, op, after)
                    select id, occurred_at, 'tenants', 'insert', jsonb_build_object('name', 'Old ' || id)
                    from audit.events where occurred_at >= '{month}-01' and action = 'test.old';
                insert into audit.security_events (occurred_at, kind, severity, details)
                    select '{month}-02 00:30+00'::timestamptz + n * interval '7 hours', 'authn_login_fail', 'info', '{{}}'
                    from generate_series(0, {events} / 7 - 1) n"
            ))
            .await;
    }

    /// Does the job; returns what it complained of.
    pub async fn archive(&self) -> Option<String> {
        let job = self.app.enqueue(NewJob::of("audit.archive")).await;
        self.app.run_jobs().await;
        self.app.job(job).await.last_error
    }

    /// Tries once more what failed; returns what is complained of now.
    async fn archive_again(&self) -> Option<String> {
        self.app.skip_backoff().await;
        self.app.run_jobs().await;
        let failed = "select last_error from control.job_queue where kind = 'audit.archive' and status = 'failed'";
        self.app.texts(failed).await.pop()
    }

    pub fn file(&self, log: &str) -> PathBuf {
        self.folder.path().join(format!("{log}-{MONTH}.ndjson.zst"))
    }

    /// Everything in the folder but the lock, by name.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder can be read");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != ".lock");
        names.sort();
        names
    }

    pub fn keys(&self) -> PublicKeys {
        PublicKeys::read(&self.app.public_keys()).expect("keys")
    }

    /// What verification finds, with the files or without.
    pub async fn verify(&self, with_files: bool, held: Option<Checkpoint>) -> Report {
        self.app.verify_log(with_files.then(|| self.folder.path().to_owned()), held).await
    }

    pub async fn finds(&self, verdict: Verdict) {
        let report = self.verify(true, None).await;
        assert_eq!(report.verdict, verdict, "{:?}", report.problems);
    }

    pub async fn old_events(&self) -> i64 {
        self.app.number("select count(*) from audit.events where action = 'test.old'").await
    }

    /// Does what nobody but a superuser can.
    pub async fn unguarded(&self, statement: &str) {
        self.app
            .execute(&format!(
                "do $$ declare one regclass; begin
                    for one in select oid from pg_class where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p') loop
                        execute format('alter table %s disable trigger user', one); end loop; end $$;
                {statement};
                do $$ declare one regclass; begin
                    for one in select oid from pg_class where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p') loop
                        execute format('alter table %s enable trigger user', one); end loop; end $$"
            ))
            .await;
    }
}

#[actix_web::test]
async fn a_month_past_its_time_leaves_and_everything_still_holds() {
    let keeping = Keeping::with_an_old_month().await;
    let app = &keeping.app;
    let held = app.text("select note from audit.checkpoints order by tree_size desc limit 1").await;
    let held = note::open(&held, &keeping.keys()).expect("it is signed");
    let before = app.text("select count(*) from audit.leaves").await;
    let young = app.number("select count(*) from audit.events where occurred_at > now() - interval '1 day'").await;
    assert_eq!(keeping.archive().await, None);

    assert_eq!(keeping.files(), ["events-2024-03.ndjson.zst", "security_events-2024-03.ndjson.zst"]);
    let left = "select relname from pg_class where relnamespace = 'audit'::regnamespace and relname like '%2024_03%'";
    assert_eq!(app.texts(left).await, [""; 0]);
    assert_eq!(keeping.old_events().await, 0);
    let kept = app.number("select count(*) from audit.events where occurred_at > now() - interval '1 day'").await;
    assert!(kept >= young + 2, "nothing else goes, and it left events");
    assert_eq!(app.text("select count(*) from audit.leaves").await, before, "each leaf keeps its place");

    let checked = check::check(&keeping.file("events"), Some(&keeping.keys())).expect("the file holds");
    assert_eq!((checked.header.rows, checked.changes, checked.erased), (700, 700, 0));
    let checked = check::check(&keeping.file("security_events"), Some(&keeping.keys())).expect("the file holds");
    assert_eq!((checked.header.rows, checked.changes), (100, 0));

    for (with_files, sealed) in [(false, false), (true, false), (true, true)] {
        if sealed {
            app.seal().await;
        }
        let report = keeping.verify(with_files, Some(held.clone())).await;
        assert_eq!((report.verdict, report.archived), (Verdict::Good, 800), "{:?}", report.problems);
    }
    assert_eq!(keeping.archive().await, None);
    assert_eq!(app.events("audit.archive").await.len(), 2, "what is gone is not archived again");
}

#[actix_web::test]
async fn the_event_says_what_the_record_says() {
    let keeping = Keeping::with_an_old_month().await;
    assert_eq!(keeping.archive().await, None);
    let event = keeping.app.events("audit.archive").await.remove(0);
    assert_eq!((event.actor_kind.as_str(), event.actor_label.as_deref()), ("job", Some("audit.archive")));
    let record = keeping
        .app
        .text(
            "select jsonb_build_object('log', log, 'month', to_char(month, 'YYYY-MM'), 'rows', row_count,
                'changes', change_count, 'erased', erased_count, 'first_leaf', first_leaf, 'last_leaf', last_leaf,
                'tree_size', tree_size, 'root', encode(root, 'hex'), 'file', file_name, 'file_size', file_size,
                'sha256', encode(sha256, 'hex')) from audit.archives where log = 'events'",
        )
        .await;
    let record: serde_json::Value = serde_json::from_str(&record).expect("a record");
    assert_eq!(event.details, record);
    assert_eq!(record["file_size"], fs::metadata(keeping.file("events")).expect("a file").len());
}

#[actix_web::test]
async fn each_line_is_a_proof_and_opens_its_values() {
    let keeping = Keeping::with_an_old_month().await;
    assert_eq!(keeping.archive().await, None);
    let leaf: u64 = check::said(&keeping.file("events")).expect("a header").0.last_leaf.expect("rows");
    let proof = check::find(&keeping.file("events"), leaf).expect("it can be read").expect("it is there");
    let (proof, _) = proof::check(&proof.text().expect("a text"), &keeping.keys()).expect("it holds");
    let text = proof.text().expect("a text");
    assert!(text.contains("spoken 699") && text.contains("Old "), "{text}");
    assert!(check::find(&keeping.file("events"), leaf + 1).expect("it can be read").is_none());
}

#[actix_web::test]
async fn nothing_leaves_before_its_time_or_before_it_is_sealed() {
    let keeping = Keeping::start().await;
    keeping.writes(MONTH, 7).await;
    let why = keeping.archive().await.expect("it is not sealed");
    assert!(why.contains("wait to be sealed"), "{why}");
    let twelve_months_ago =
        keeping.app.text("select to_char(now() at time zone 'UTC' - interval '12 months', 'YYYY-MM')").await;
    keeping.writes(&twelve_months_ago, 14).await;
    keeping.app.seal().await;
    keeping.unguarded("delete from audit.checkpoints").await;
    let why = keeping.archive_again().await.expect("it is not signed");
    assert!(why.contains("no checkpoint"), "{why}");
    assert_eq!((keeping.files().len(), keeping.old_events().await), (0, 21));
    keeping.app.seal().await;
    assert_eq!(keeping.archive_again().await, None);
    assert_eq!((keeping.files().len(), keeping.old_events().await), (2, 14), "a year is kept whole");
}

#[actix_web::test]
async fn without_a_folder_or_a_number_the_log_stays() {
    for with_folder in [true, false] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().to_owned();
        let app = TestApp::configured(CHEAP, |config| {
            config.audit_archive = with_folder.then_some(path);
            config.audit_keep_months = (!with_folder).then_some(3);
        });
        let keeping = Keeping { app: app.await, folder };
        keeping.writes(MONTH, 7).await;
        keeping.app.seal().await;
        assert_eq!(keeping.archive().await, None);
        assert_eq!((keeping.files().len(), keeping.old_events().await), (0, 7));
    }
}

#[actix_web::test]
async fn a_month_that_was_tampered_with_stays_as_evidence() {
    let keeping = Keeping::with_an_old_month().await;
    let one = "(select event_id from audit.leaves where log = 'events' and occurred_at < '2024-04-01' order by leaf offset 300 limit 1)";
    keeping.unguarded(&format!("update audit.events set details = '{{\"n\": 0}}' where id = {one}")).await;
    let why = keeping.archive().await.expect("it is refused");
    assert!(why.contains("not what was sealed"), "{why}");
    assert_eq!(keeping.files(), ["security_events-2024-03.ndjson.zst"], "the other log goes its way");
    assert_eq!(keeping.old_events().await, 700);
    keeping.unguarded(&format!("delete from audit.events where id = {one}")).await;
    assert!(keeping.archive_again().await.is_some_and(|why| why.contains("not what was sealed")));
    assert_eq!((keeping.old_events().await, keeping.files().len()), (699, 1));
    keeping.app.leaves_jobs();
}

#[actix_web::test]
async fn what_a_broken_off_run_left_is_written_anew_and_what_is_not_ours_stays() {
    let keeping = Keeping::with_an_old_month().await;
    let other = Keeping::with_an_old_month().await;
    let path = keeping.file("events");
    assert_eq!(other.archive().await, None);
    fs::copy(other.file("events"), &path).expect("a file");
    fs::write(keeping.folder.path().join(".events-2024-03.ndjson.zst.0000abcd.part"), "half").expect("a file");
    let why = keeping.archive().await.expect("it is refused");
    assert!(why.contains("not of this log"), "{why}");
    assert_eq!(fs::read(&path).expect("a file"), fs::read(other.file("events")).expect("a file"));
    assert_eq!(keeping.old_events().await, 700);

    // A run that was broken off between placing its file and its commit leaves one of this very log.
    fs::remove_file(&path).expect("it can be removed");
    let broken = "create function audit.break() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
        create constraint trigger break after insert on audit.archives deferrable initially deferred for each row execute function audit.break()";
    keeping.app.execute(broken).await;
    assert!(keeping.archive_again().await.is_some());
    assert!(path.exists() && keeping.old_events().await == 700, "it was broken off at the very end");
    keeping.app.execute("drop function audit.break() cascade").await;
    assert_eq!(keeping.archive_again().await, None);
    assert_eq!((keeping.files().len(), keeping.old_events().await), (2, 0));
    keeping.app.seal().await;
    keeping.finds(Verdict::Good).await;
}

#[actix_web::test]
async fn a_log_in_use_is_waited_for() {
    let Some(_) = TestApp::on_server().await else { return };
    let keeping = Keeping::with_an_old_month().await;
    let mut reader = castellan::db::migrate::connect(keeping.app.database.engine().url()).expect("a connection");
    reader.batch_execute("begin; select 1 from audit.events limit 1").expect("somebody reads");
    let waiting = async {
        let waits =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        keeping.app.until(waits, 1).await;
        reader.batch_execute("commit").expect("and has read");
    };
    let (why, ()) = futures_util::join!(keeping.archive(), waiting);
    assert_eq!((why, keeping.old_events().await), (None, 0));
}

#[actix_web::test]
async fn of_two_runs_at_once_one_does_the_work() {
    let keeping = Keeping::with_an_old_month().await;
    let other = fs::File::create(keeping.folder.path().join(".lock")).expect("a file");
    other.lock().expect("somebody else is at it");
    assert_eq!((keeping.archive().await, keeping.files().len()), (None, 0));
    drop(other);
    assert_eq!((keeping.archive().await, keeping.files().len()), (None, 2));
}

#[actix_web::test]
async fn erased_values_are_in_no_file() {
    let keeping = Keeping::with_an_old_month().await;
    let one = "select id from audit.events where action = 'test.old' order by occurred_at limit 1";
    let id = keeping.app.text(one).await;
    let batch = format!("[{{\"id\": \"{id}\", \"occurred_at\": \"2024-03-02 00:00+00\", \"names\": [\"reason\"]}}]");
    let erase = format!(
        "select audit.erase(audit.record('audit.erase', 'success', false, null, 'user', null, null, null, '{{\"events\": 1}}'), 'events', '{batch}')"
    );
    keeping.app.try_as("castellan_jobs", &erase).await.expect("a job erases");
    assert_eq!(keeping.archive().await, None);
    let checked = check::check(&keeping.file("events"), Some(&keeping.keys())).expect("the file holds");
    assert_eq!(checked.erased, 1);
    let file = fs::read(keeping.file("events")).expect("a file");
    let text = String::from_utf8(zstd::decode_all(file.as_slice()).expect("it can be unpacked")).expect("text");
    assert!(!text.contains("spoken 0\\\"") && text.contains("spoken 1\\\""));
    keeping.app.seal().await;
    keeping.finds(Verdict::Good).await;
}

#[actix_web::test]
async fn pages_say_where_an_event_went() {
    let keeping = Keeping::with_an_old_month().await;
    let app = &keeping.app;
    let auditor = app.auditor().await;
    let of = |log: &str| {
        format!("select event_id from audit.leaves where log = '{log}' and occurred_at < '2024-04-01' limit 1")
    };
    let (event, refusal) = (app.text(&of("events")).await, app.text(&of("security_events")).await);
    assert!(auditor.get("/audit/integrity").await.texts("#archives").join("").contains("None"));
    assert_eq!(auditor.get(&format!("/audit/{event}")).await.status, 200);
    assert_eq!(keeping.archive().await, None);
    for (path, log) in
        [(format!("/audit/{event}"), "events"), (format!("/security-events/{refusal}"), "security_events")]
    {
        let page = auditor.get(&path).await;
        assert_eq!(page.status, 410, "{path}");
        let facts = page.texts("dl.facts dd");
        assert_eq!(facts[0], format!("{log}-2024-03.ndjson.zst"), "{facts:?}");
    }
    assert_eq!(auditor.get(&format!("/audit/{}", Uuid::nil())).await.status, 404);
    assert_eq!(auditor.get(&format!("/audit/{refusal}")).await.status, 404, "it was of the other log");
    let tenant = app.tenant("northwind").await;
    let manager = app.manager_of_tenant(tenant).await;
    assert_ne!(manager.get(&format!("/audit/{event}")).await.status, 410);
    let page = auditor.get("/audit/integrity").await;
    let listed = page.texts("#archives tbody tr").join(" ");
    assert!(listed.contains("security_events-2024-03.ndjson.zst") && listed.contains("700"), "{listed}");
}

#[actix_web::test]
async fn the_command_line_proves_and_checks_what_left() {
    let Some(_) = TestApp::on_server().await else { return };
    let keeping = Keeping::with_an_old_month().await;
    let place = Castellan::fresh();
    let keys = place.file("keys.pub");
    fs::write(&keys, keeping.app.public_keys()).expect("a file");
    let path = |path: &PathBuf| path.to_str().expect("a path").to_owned();
    let (keys, folder, file) = (path(&keys), path(&keeping.folder.path().to_owned()), path(&keeping.file("events")));
    let event = keeping.app.text("select id from audit.events where action = 'test.old' limit 1").await;
    let url = keeping.app.database.engine().url().to_owned();
    let run = |args: &[&str]| place.run_with(&[&["audit"], args].concat(), &[("DATABASE_URL", &url)], "");
    let before = run(&["prove", &event, "--output", &path(&place.file("before"))]);
    assert_eq!(before.status, 0, "{before:?}");
    assert_eq!(keeping.archive().await, None);
    keeping.app.seal().await;
    let refused = run(&["prove", &event]);
    assert!(refused.status == 1 && refused.err.contains("events-2024-03.ndjson.zst"), "{refused:?}");
    let after = run(&["prove", &event, "--archives", &folder, "--output", &path(&place.file("after"))]);
    assert_eq!(after.status, 0, "{after:?}");
    for proof in ["before", "after"] {
        let check = run(&["check", &path(&place.file(proof)), "--public-key", &keys]);
        assert!(check.status == 0 && check.out.contains(&event), "{check:?}");
    }
    let check = run(&["check", &file, "--public-key", &keys]);
    assert!(check.status == 0 && check.out.contains("all 700 events of 2024-03"), "{check:?}");
    assert_eq!(run(&["verify", "--public-key", &keys, "--archives", &folder]).status, 0);
    fs::write(&file, "nothing").expect("the file can be written");
    assert_eq!(run(&["check", &file, "--public-key", &keys]).status, 1);
    let verify = run(&["verify", "--public-key", &keys, "--archives", &folder]);
    assert!(verify.status == 1 && verify.out.contains("events-2024-03.ndjson.zst"), "{verify:?}");
    fs::remove_file(&file).expect("it can be removed");
    assert_eq!(run(&["verify", "--public-key", &keys, "--archives", &folder]).status, 2);
    assert_eq!(run(&["verify", "--public-key", &keys]).status, 0);
}
