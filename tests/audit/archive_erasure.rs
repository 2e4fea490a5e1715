//! A person leaves the months that were archived, and each line still proves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use castellan::actor::{Actor, ActorKind, Can, Privilege};
use castellan::audit::archives::check;
use castellan::audit::archives::file::{Header, Line, Reader};
use castellan::audit::erasure::{Erased, Subject, erase};
use castellan::audit::sealing::commitment::{Value, Values};
use castellan::audit::sealing::verification::Verdict;
use castellan::error::AppError;
use uuid::Uuid;

use super::archives::{Keeping, MONTH};
use crate::support::{Castellan, TestApp};

/// A month before the others, one with nothing about anybody, and one that mail was sent in.
const EARLIER: &str = "2024-02";
const SILENT: &str = "2024-05";
/// Known from the log of March alone.
const FORMER: &str = "ada@old.example";

struct Forget;

impl Privilege for Forget {
    const NAME: &'static str = "test.forget";
    const DESCRIPTION: &'static str = "Erase somebody";
}

/// Three archived months, the person that two of them are about, and the account that is left of them.
pub struct Left {
    pub keeping: Keeping,
    pub ada: Uuid,
}

impl Left {
    pub async fn archived() -> Left {
        let left = Left::written().await;
        left.archive().await;
        left
    }

    /// Before they leave.
    async fn written() -> Left {
        let keeping = Keeping::start().await;
        let (ada, _) = keeping.app.staff("support").await;
        for (month, events) in [(EARLIER, 14), (MONTH, 70), (SILENT, 21)] {
            keeping.writes(month, events).await;
        }
        let app = &keeping.app;
        app.execute(&lines(
            EARLIER,
            ada,
            &format!(
            "('tenants', '{TENANT}', 'insert', null, '{{\"notes\": \"Ask Ada@OLD.example\", \"name\": \"Northwind\"}}'),
            ('tenants', '{TENANT}', 'update', '{{\"notes\": null}}', '{{\"notes\": \"not nada@old.example\"}}')"
        ),
        ))
        .await;
        app.execute(&lines(MONTH, ada, &format!(
            "('users', '{ada}', 'insert', null, '{{\"email\": \"{FORMER}\", \"name\": \"Ada Lovelace\", \"kind\": \"human\", \"n\": 1.50}}'),
            ('users', '{ada}', 'update', '{{\"name\": \"Ada Lovelace\"}}', '{{\"name\": \"Ada King\"}}'),
            ('sessions', '{SESSION}', 'insert', null, '{{\"user_id\": \"{ada}\", \"user_agent_family\": \"Lynx\"}}'),
            ('sessions', '{SESSION}', 'update', '{{\"device_id\": \"pad-one\"}}', '{{\"device_id\": \"pad-two\"}}')"
        ))).await;
        app.execute(&format!(
            "insert into audit.security_events (occurred_at, kind, severity, actor_id, network_hash, details)
                values ('{MONTH}-09', 'authn_login_fail', 'info', '{ada}', sha256('net'), '{{\"tried\": \"x\"}}')"
        ))
        .await;
        app.tenant("northwind").await;
        app.execute(&format!("update control.tenants set notes = 'wrote as {FORMER}'")).await;
        app.seal().await;
        Left { keeping, ada }
    }

    async fn archive(&self) {
        assert_eq!(self.keeping.archive().await, None);
        self.keeping.app.seal().await;
        self.keeping.finds(Verdict::Good).await;
    }

    pub async fn forget(&self, user_id: Uuid, texts: &[&str]) -> Result<Erased, AppError> {
        self.forget_in(Some(self.keeping.folder.path()), user_id, texts).await
    }

    pub async fn forget_in(&self, folder: Option<&Path>, user_id: Uuid, texts: &[&str]) -> Result<Erased, AppError> {
        let can: Can<Forget> =
            Can::prove(Arc::new(Actor::process(ActorKind::Job, "test.forget"))).expect("jobs may do everything");
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        let done =
            erase(self.keeping.app.db(), &can, folder, Subject { user_id, texts, placeholders: Vec::new() }).await;
        self.keeping.app.seal().await;
        done
    }

    pub fn path(&self, log: &str, month: &str) -> PathBuf {
        self.keeping.folder.path().join(format!("{log}-{month}.ndjson.zst"))
    }

    /// Whether nothing in any of the three stores names them, and the others are still there.
    pub async fn is_forgotten(&self) {
        let mut all = self.keeping.app.texts("select to_jsonb(c) from audit.changes c").await.join("\n");
        for (log, month) in FILES {
            all += &spelled(&self.path(log, month));
        }
        let rest = all.to_lowercase().replace("nada@old.example", "");
        for gone in [FORMER, "ada lovelace", "ada king", "lynx", "pad-one", "pad-two", "tried"] {
            assert!(!rest.contains(gone), "{gone} is still there");
        }
        for stays in ["nada@old.example", "Northwind", "human", "spoken 3", &self.ada.to_string()] {
            assert!(all.contains(stays), "{stays} has gone");
        }
    }

    async fn rewrites(&self) -> i64 {
        self.keeping.app.number("select count(*) from audit.rewrites").await
    }
}

const SESSION: &str = "7f000000-0000-7000-8000-000000000001";
const TENANT: &str = "7f000000-0000-7000-8000-000000000002";
const FILES: [(&str, &str); 6] = [
    ("events", EARLIER),
    ("events", MONTH),
    ("events", SILENT),
    ("security_events", EARLIER),
    ("security_events", MONTH),
    ("security_events", SILENT),
];

/// An event about somebody, with these changes.
fn lines(month: &str, about: Uuid, changes: &str) -> String {
    format!(
        "with written as (
            insert into audit.events (occurred_at, actor_kind, action, target_kind, target_id, reason, details)
                values ('{month}-10', 'database', 'user.create', 'user', '{about}', 'because', '{{\"tried\": [1.50, null]}}')
                returning id, occurred_at)
        insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after)
            select w.id, w.occurred_at, c.name, c.id::uuid, c.op, c.before::jsonb, c.after::jsonb
            from written w, (values {changes}) c (name, id, op, before, after)"
    )
}

fn read(path: &Path) -> Vec<Line> {
    let mut reader = Reader::open(path).expect("the file");
    reader.line::<Header>().expect("it can be read").expect("a header");
    std::iter::from_fn(|| reader.line::<Line>().expect("it can be read")).collect()
}

fn spelled(path: &Path) -> String {
    serde_json::to_string(&read(path)).expect("text").replace("\\\"", "\"")
}

#[actix_web::test]
async fn a_person_leaves_the_files_and_every_line_still_proves() {
    let left = Left::archived().await;
    let before = FILES.map(|(log, month)| fs::read(left.path(log, month)).expect("a file"));
    let erased = left.forget(left.ada, &[]).await.expect("they are erased");
    // Two events; notes in February, an account twice and a session twice in March; a security event.
    assert_eq!(erased.archived, 2 + 1 + 2 + 2 + 1, "{erased:?}");
    assert!(erased.changes > 0, "the log is searched for what only a file knew: {erased:?}");
    left.is_forgotten().await;
    left.keeping.finds(Verdict::Good).await;

    let keys = left.keeping.keys();
    let mut values = Vec::new();
    for ((log, month), before) in FILES.into_iter().zip(before) {
        let path = left.path(log, month);
        let checked = check::check(&path, Some(&keys)).expect("each line proves");
        values.push(checked.erased);
        assert_eq!(checked.erased == 0, fs::read(path).expect("a file") == before, "{log} of {month}");
    }
    assert_eq!(values, [3, 7, 0, 0, 2, 0]);
    let event = left.keeping.app.event("audit.erase").await;
    assert_eq!((event.target_id, &event.details["archived"]), (Some(left.ada), &erased.archived.into()));
    assert_eq!(event.details.get("unreached"), None);
    assert_eq!(left.keeping.app.events("audit.rewrite").await.len(), 3);
}

/// The rule is the database's: what it finds in a month that is still there goes from the month's file.
#[actix_web::test]
async fn from_a_file_goes_what_would_have_gone_from_the_log() {
    let left = Left::written().await;
    let known = format!(
        "audit.known_by('{{\"user\": \"{}\", \"given\": [], \"placeholders\": [], \"rows\": [], \"addresses\": [], \"names\": [], \"borne\": []}}', null)",
        left.ada
    );
    let due = format!(
        "select (row ->> 'id') || ' ' || name from audit.values_about({known}, null) about, jsonb_array_elements(about.batch::jsonb) row,
            jsonb_array_elements_text(row -> 'names') name where (row ->> 'occurred_at')::timestamptz < '2024-06-01'"
    );
    let due: BTreeSet<String> = left.keeping.app.texts(&due).await.into_iter().collect();
    assert_eq!(due.len(), 12);
    left.archive().await;
    left.forget(left.ada, &[]).await.expect("they are erased");
    let mut gone = BTreeSet::new();
    let mut note = |data: &str, values: &Values| {
        let id: serde_json::Value = serde_json::from_str(data).expect("data");
        let erased = values.0.iter().filter(|(_, value)| matches!(value, Value::Erased { .. }));
        gone.extend(erased.map(|(name, _)| format!("{} {name}", id["id"].as_str().expect("an id"))));
    };
    for (log, month) in FILES {
        for line in read(&left.path(log, month)) {
            note(&line.data, &line.values);
            line.changes.iter().for_each(|change| note(&change.data, &change.values));
        }
    }
    assert_eq!(gone, due);
}

#[actix_web::test]
async fn it_can_be_done_again_and_for_others() {
    let left = Left::archived().await;
    left.forget(left.ada, &[]).await.expect("they are erased");
    let before = FILES.map(|(log, month)| fs::read(left.path(log, month)).expect("a file"));
    let again = left.forget(left.ada, &[FORMER, "Ada Lovelace"]).await.expect("there is nothing left");
    assert_eq!(again, Erased::default());
    assert_eq!(FILES.map(|(log, month)| fs::read(left.path(log, month)).expect("a file")), before);
    assert_eq!(left.rewrites().await, 3);
    let other = left.forget(Uuid::now_v7(), &["nada@old.example", "spoken 3"]).await.expect("others are erased");
    assert_eq!(other.archived, 4);
    left.keeping.finds(Verdict::Good).await;
    let numbers = "select file_name || ' ' || number from audit.rewrites r join audit.archives a on a.id = r.archive_id order by 1";
    let numbers = left.keeping.app.texts(numbers).await;
    assert_eq!(numbers.len(), 6, "{numbers:?}");
    assert!(numbers.contains(&format!("events-{MONTH}.ndjson.zst 2")), "{numbers:?}");
}

#[actix_web::test]
async fn the_record_is_what_the_event_says() {
    let left = Left::archived().await;
    let before = left
        .keeping
        .app
        .text("select encode(sha256, 'hex') from audit.archives where log = 'security_events' and month = '2024-03-01'")
        .await;
    left.forget(left.ada, &[]).await.expect("they are erased");
    let event = left
        .keeping
        .app
        .events("audit.rewrite")
        .await
        .into_iter()
        .find(|event| event.details["log"] == "security_events");
    let event = event.expect("an event");
    let record = left
        .keeping
        .app
        .text(
            "select jsonb_build_object('log', log, 'month', to_char(month, 'YYYY-MM'), 'file', file_name, 'number', number,
                'subject', subject_id, 'erasure', erasure_id, 'erased', r.erased_count, 'file_size', r.file_size,
                'previous_sha256', encode(previous_sha256, 'hex'), 'sha256', encode(r.sha256, 'hex'))
            from audit.rewrites r join audit.archives a on a.id = r.archive_id where log = 'security_events'",
        )
        .await;
    let record: serde_json::Value = serde_json::from_str(&record).expect("a record");
    assert_eq!(event.details, record);
    assert_eq!(record["previous_sha256"], before.as_str());
    assert_eq!(record["file_size"], fs::metadata(left.path("security_events", MONTH)).expect("a file").len());
    assert_eq!(record["subject"], left.ada.to_string());
}

#[actix_web::test]
async fn pages_say_that_a_file_was_rewritten() {
    let left = Left::archived().await;
    let app = &left.keeping.app;
    let auditor = app.auditor().await;
    let event = app.text("select event_id from audit.leaves where log = 'events' and occurred_at between '2024-03-01' and '2024-03-31' limit 1").await;
    let page = auditor.get(&format!("/audit/{event}")).await;
    assert!(page.status == 410 && !page.texts("dl.facts dt").contains(&"Rewritten".to_owned()));
    left.forget(left.ada, &[]).await.expect("they are erased");
    let newest = app.text("select encode(r.sha256, 'hex') from audit.rewrites r join audit.archives a on a.id = r.archive_id where log = 'events' and month = '2024-03-01'").await;
    let page = auditor.get(&format!("/audit/{event}")).await;
    assert!(page.texts("dl.facts dt").contains(&"Rewritten".to_owned()));
    assert!(page.texts("dl.facts dd").contains(&newest), "the hash is the newest");
    let listed = auditor.get("/audit/integrity").await.texts("#archives tbody tr").join("\n");
    assert!(listed.contains(&newest[..16]), "{listed}");
    assert_eq!(listed.matches("rewritten").count(), 3, "{listed}");
}

#[actix_web::test]
async fn the_command_line_takes_the_newest_file_and_none_from_before() {
    let Some(_) = TestApp::on_server().await else { return };
    let left = Left::archived().await;
    let place = Castellan::fresh();
    let keys = place.file("keys.pub");
    fs::write(&keys, left.keeping.app.public_keys()).expect("a file");
    let file = left.path("events", MONTH);
    let before = fs::read(&file).expect("a file");
    let url = left.keeping.app.database.engine().url().to_owned();
    let text = |path: &Path| path.to_str().expect("a path").to_owned();
    let (keys, folder, path) = (text(&keys), text(left.keeping.folder.path()), text(&file));
    let run = |args: &[&str]| place.run_with(&[&["audit"], args].concat(), &[("DATABASE_URL", &url)], "");
    let about = read(&file).into_iter().find(|line| line.data.contains("user.create")).expect("an event about them");
    let event: serde_json::Value = serde_json::from_str(&about.data).expect("data");
    let event = event["id"].as_str().expect("an id");
    let prove = ["prove", event, "--archives", &folder];
    assert!(run(&prove).out.contains("Ada Lovelace"));
    left.forget(left.ada, &[]).await.expect("they are erased");

    let proof = run(&prove);
    assert!(proof.status == 0 && !proof.out.contains("Lovelace") && proof.out.contains("commitment"), "{proof:?}");
    let written = place.file("proof");
    fs::write(&written, &proof.out).expect("a file");
    for proven in [&text(&written), &path] {
        let check = run(&["check", proven, "--public-key", &keys]);
        assert_eq!(check.status, 0, "{check:?}");
    }
    assert_eq!(run(&["verify", "--public-key", &keys, "--archives", &folder]).status, 0);

    fs::write(&file, before).expect("the file from before");
    let proof = run(&prove);
    assert!(proof.status == 1 && proof.err.contains("from before an erasure"), "{proof:?}");
    let verify = run(&["verify", "--public-key", &keys, "--archives", &folder]);
    assert!(verify.status == 2 && verify.out.contains("from before an erasure"), "{verify:?}");
    fs::write(&file, "nothing").expect("the file can be written");
    let proof = run(&prove);
    assert!(proof.status == 1 && proof.err.contains("not the file that was recorded"), "{proof:?}");
}
