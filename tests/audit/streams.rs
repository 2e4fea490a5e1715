//! The pages of streams, and those streams that are syslog or a file.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use castellan::actor::{Actor, ActorKind, Can, Privilege};
use castellan::audit::erasure::{Subject, erase};
use serde_json::Value;

use crate::support::{CHEAP, Collector, Page, Person, TestApp};

/// A stream that somebody made on the pages for it.
pub struct Made {
    pub url: String,
    /// Empty where nothing is signed.
    pub secret: String,
}

impl Made {
    /// Fills in the form.
    pub async fn stream(person: &Person, kind: &str, address: &str, beginning: &str) -> Made {
        let answer = send(person, kind, address, beginning).await;
        match answer.status {
            303 => Made { url: answer.location(), secret: String::new() },
            _ => Made { url: answer.link("I have copied it"), secret: secret(&answer) },
        }
    }

    /// Does one of its actions.
    pub async fn act(&self, person: &Person, noun: &str, typed: &[(&str, &str)]) {
        let page = person.get(&format!("{}/{noun}/new", self.url)).await;
        assert_eq!(page.status, 200, "{noun}: {:?}", page.errors());
        let form =
            typed.iter().fold(page.form().with("reason", "because"), |form, (name, value)| form.with(name, value));
        let answer = person.submit(&form).await;
        assert_eq!(answer.status, 303, "{noun}: {:?}", answer.errors());
    }

    /// Replaces its secret. Returns the new one.
    pub async fn rotate(&self, person: &Person, hours: &str) -> String {
        let form = person.get(&format!("{}/rotation/new", self.url)).await.form();
        let form = form.with("overlap_hours", hours).with("reason", "because");
        secret(&person.submit(&form).await)
    }
}

fn secret(page: &Page) -> String {
    assert_eq!(page.status, 201, "{:?} {}", page.errors(), page.text());
    page.texts("code#secret").concat()
}

async fn send(person: &Person, kind: &str, address: &str, beginning: &str) -> Page {
    let form = person.get("/audit/streams/new").await.form();
    let name = format!("{kind} {}", address.chars().take(60).collect::<String>());
    let form = form.with("name", &name).with("kind", kind).with("address", address);
    person.submit(&form.with("beginning", beginning).with("reason", "because")).await
}

#[actix_web::test]
async fn it_is_listed_with_its_lag_and_every_step_is_in_the_log() {
    let app = TestApp::start().await;
    let (founder, collector) = (app.founder().await, Collector::start());
    assert!(founder.get("/audit/streams").await.text().contains("sent nowhere"));
    let made = Made::stream(&founder, "https", &collector.url, "first").await;
    app.seal().await;
    let size = app.number("select count(*) from audit.leaves").await;
    assert_eq!(founder.get("/audit/streams").await.rows()[0][3], size.to_string());
    app.deliver().await;
    let row = founder.get("/audit/streams").await.rows().remove(0);
    assert_eq!((row[2].as_str(), row[3].as_str(), row[4].as_str()), ("active", "0", ""), "{row:?}");
    made.act(&founder, "pausing", &[]).await;
    app.seal().await;
    assert_eq!(app.deliver().await, 0, "nothing is sent while it is paused");
    made.act(&founder, "resending", &[("leaf", "3")]).await;
    let change = app.event("audit_stream.resend").await.of("audit_streams")[0].clone();
    assert_eq!(change.after["next_leaf"], 3, "what moves it is recorded");
    made.act(&founder, "resumption", &[]).await;
    app.seal().await;
    app.deliver().await;
    let last = collector.posts().pop().expect("a post").lines();
    assert_eq!(last.iter().find_map(|line| line["metadata"]["sequence"].as_i64()), Some(3));
    made.act(&founder, "pausing", &[]).await;
    made.act(&founder, "deletion", &[]).await;
    assert_eq!(founder.get(&made.url).await.status, 404);
    let steps = "select string_agg(action, ' ' order by occurred_at) from audit.events
        where target_kind = 'audit_stream' and reason = 'because' and severity = 'warning'";
    let steps = app.text(steps).await.replace("audit_stream.", "");
    assert_eq!(steps, "create pause resend resume pause delete");
    let moved = "select count(*) from audit.changes where table_name = 'audit_streams'";
    assert_eq!(app.number(moved).await, 6, "what delivery notes for itself is no change");
}

#[actix_web::test]
async fn what_is_wrong_is_named_by_its_field_and_what_was_typed_stays() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for (kind, address, said) in [
        ("https", "http://siem.example.com/", "https://"),
        ("https", "https://10.0.0.1/", "not public"),
        ("https", "https://169.254.169.254/latest", "not public"),
        ("https", "https://user:password@siem.example.com/", "no user"),
        ("syslog", "udp://siem.example.com:514", "tls://"),
        ("syslog", "tcp://192.168.1.1:601", "not public"),
        ("https", "", "is required"),
    ] {
        let page = send(&founder, kind, address, "now").await;
        assert_eq!(page.status, 422, "{kind} {address}");
        assert!(page.field_error("address").contains(said), "{kind} {address}: {}", page.field_error("address"));
        assert_eq!(page.form().value("address"), address);
    }
    let page = send(&founder, "file", "audit.ndjson", "now").await;
    assert!(page.field_error("kind").contains("https, syslog"), "without a folder there are no files");
    let page = send(&founder, "https", "https://siem.example.com/", "yesterday").await;
    assert!(!page.field_error("beginning").is_empty());
    let made = Made::stream(&founder, "https", "https://siem.example.com/", "now").await;
    let twin = send(&founder, "https", "https://siem.example.com/", "now").await;
    assert!(twin.field_error("name").contains("another stream"), "{:?}", twin.errors());
    let form = founder.get(&format!("{}/edit", made.url)).await.form();
    let page = founder.submit(&form.clone().with("address", "https://127.0.0.2.nip.example\u{0}")).await;
    assert_eq!(page.status, 422);
    let page = founder.submit(&form.clone().with("address", "https://10.0.0.1/")).await;
    assert!(page.field_error("address").contains("not public"), "{:?}", page.errors());
    assert_eq!(founder.submit(&form.clone().with("address", "https://other.example.com/")).await.status, 303);
    assert_eq!(founder.submit(&form.with("name", "Late")).await.status, 409, "somebody else was quicker");
    assert_eq!(app.number("select count(*) from control.audit_streams").await, 1);
}

#[actix_web::test]
async fn what_does_not_fit_its_state_is_refused_in_words() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let made = Made::stream(&founder, "https", "https://siem.example.com/", "now").await;
    for noun in ["resumption", "resending", "deletion"] {
        let page = founder.get(&format!("{}/{noun}/new", made.url)).await;
        assert_eq!((page.status, page.errors().len()), (409, 1), "{noun}");
    }
    made.rotate(&founder, "24").await;
    let form = founder.get(&format!("{}/rotation/new", made.url)).await.form().with("reason", "because");
    let third = founder.submit(&form).await;
    assert!(third.status == 409 && third.errors().join("").contains("Two secrets"), "{:?}", third.errors());
    made.act(&founder, "pausing", &[]).await;
    let page = founder.get(&format!("{}/resending/new", made.url)).await;
    let far = founder.submit(&page.form().with("reason", "because").with("leaf", "999999")).await;
    assert!(far.status == 409 && far.errors().join("").contains("leaves"), "{:?}", far.errors());
    let syslog = Made::stream(&founder, "syslog", "tcp://siem.example.com:601", "now").await;
    assert_eq!(founder.get(&format!("{}/rotation/new", syslog.url)).await.status, 409);
}

#[actix_web::test]
async fn a_secret_is_shown_once_and_stored_nowhere() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let made = Made::stream(&founder, "https", "https://siem.example.com/", "now").await;
    assert_eq!(made.secret.len(), 64);
    assert!(!founder.get(&made.url).await.text().contains(&made.secret));
    let form = founder.get(&format!("{}/rotation/new", made.url)).await.form().with("reason", "because");
    let new = secret(&founder.submit(&form).await);
    let again = founder.submit(&form).await;
    assert_eq!(again.status, 303, "the same form makes no third one");
    assert!(!founder.follow(&again).await.text().contains(&new));
    let stored = "select (select string_agg(to_jsonb(s)::text, '') from control.audit_streams s)
        || (select string_agg(to_jsonb(e)::text, '') from audit.events e)
        || (select string_agg(to_jsonb(c)::text, '') from audit.changes c)";
    let stored = app.text(stored).await;
    assert!(!stored.contains(&made.secret) && !stored.contains(&new));
}

#[actix_web::test]
async fn streams_are_for_those_who_answer_for_all_tenants() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let made = Made::stream(&founder, "https", "https://siem.example.com/", "now").await;
    let tenant = app.tenant("north").await;
    let scoped = app.scoped_to_tenant(&["audit.stream", "audit.view"], tenant).await;
    for person in [app.support().await, app.auditor().await, scoped] {
        for path in ["/audit/streams", "/audit/streams/new", &made.url] {
            assert_eq!(person.get(path).await.status, 403, "{} {path}", person.email);
        }
        assert_eq!(person.post_form("/audit/streams", &[]).await.status, 403);
    }
    let reads = ["events", "changes", "security_events", "leaves", "checkpoints"];
    for table in reads {
        app.try_as("castellan_streamer", &format!("select 1 from audit.{table}")).await.expect("it may read the log");
    }
    for statement in [
        "select 1 from control.users",
        "select 1 from control.tenants",
        "update control.audit_streams set address = 'https://elsewhere.example'",
        "update control.audit_streams set secret_number = 1",
        "delete from control.audit_streams",
        "delete from audit.unsealed",
        "insert into audit.leaves values (99999, 'events', gen_random_uuid(), now())",
    ] {
        assert!(app.try_as("castellan_streamer", statement).await.is_err(), "{statement}");
    }
    for role in ["castellan_scoped", "castellan_auth", "castellan_viewing", "castellan_sealer", "castellan_web"] {
        assert!(app.try_as(role, "select 1 from control.audit_streams").await.is_err(), "{role}");
    }
}

/// A syslog server that takes one connection after the other, each to its end. Returns its port and what it hears.
pub fn syslog() -> (u16, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("a bound port has an address").port();
    let (heard, hears) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream: TcpStream = stream;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("whole lines");
            if heard.send(bytes).is_err() {
                return;
            }
        }
    });
    (port, hears)
}

/// The messages of a connection, told apart by the lengths before them.
pub fn messages(mut bytes: &[u8]) -> Vec<String> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ').expect("a length");
        let length: usize = std::str::from_utf8(&bytes[..space]).expect("digits").parse().expect("a length");
        let (message, rest) = bytes[space + 1..].split_at(length);
        messages.push(String::from_utf8(message.to_vec()).expect("UTF-8"));
        bytes = rest;
    }
    messages
}

#[actix_web::test]
async fn syslog_messages_are_counted_and_whole() {
    let app = TestApp::start().await;
    let (port, hears) = syslog();
    Made::stream(&app.founder().await, "syslog", &format!("tcp://127.0.0.1:{port}"), "first").await;
    app.execute("select audit.record('test.happen', 'success', false, 'Grüße', 'thing', null, null, null, null)").await;
    app.execute("insert into audit.security_events (kind, severity) values ('malicious_csrf', 'critical')").await;
    app.seal().await;
    app.deliver().await;
    let messages = messages(&hears.recv().expect("a connection"));
    assert_eq!(messages.len() as i64, app.number("select count(*) + 1 from audit.leaves").await, "and a checkpoint");
    for message in &messages {
        let mut parts = message.splitn(8, ' ');
        let head: Vec<&str> = parts.by_ref().take(7).collect();
        let text: Value = serde_json::from_str(parts.next().expect("a message")).expect("JSON");
        // Facility 13, log audit; severity 2, 4 or 6.
        let priority = match text["severity"].as_str() {
            Some("Critical") => "<106>1",
            Some("Medium") => "<108>1",
            _ => "<110>1",
        };
        assert_eq!(
            (head[0], head[2], head[3], head[4], head[5], head[6]),
            (priority, "-", "castellan", "-", "audit", "-")
        );
        let at: jiff::Timestamp = head[1].parse().expect("a time");
        assert_eq!(text["time"].as_i64().or(text["checkpoint"]["time"].as_i64()), Some(at.as_millisecond()));
    }
    assert!(messages.iter().any(|message| message.contains("Grüße")), "its length is in bytes");
}

#[actix_web::test]
async fn a_syslog_server_that_is_not_there_is_tried_again() {
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("tcp://{}", listener.local_addr().expect("a bound port has an address"));
    drop(listener);
    let made = Made::stream(&app.founder().await, "syslog", &address, "first").await;
    app.seal().await;
    let turn = app.deliverer().turn(jiff::Timestamp::now()).await.expect("a turn");
    assert_eq!((turn.delivered, turn.failed), (0, 1));
    assert_eq!(app.text("select next_leaf || ' ' || failures from control.audit_streams").await, "0 1");
    assert!(app.founder().await.get(&made.url).await.text().contains("takes no connection"));
}

async fn with_folder(folder: &Path) -> TestApp {
    let folder = folder.to_owned();
    TestApp::configured(CHEAP, |config| config.stream_dir = Some(folder)).await
}

fn lines_of(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).expect("a file").lines().map(str::to_owned).collect()
}

#[actix_web::test]
async fn a_file_is_appended_to_and_may_be_moved_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = with_folder(folder.path()).await;
    let founder = app.founder().await;
    for name in ["../audit.ndjson", "/etc/passwd", "a/b", "..", ".hidden"] {
        let page = send(&founder, "file", name, "now").await;
        assert!(page.field_error("address").contains("name of a file"), "{name}: {:?}", page.errors());
    }
    let (path, moved) = (folder.path().join("audit.ndjson"), folder.path().join("audit.1"));
    std::fs::write(&path, "{\"broken").expect("a file can be written");
    Made::stream(&founder, "file", "audit.ndjson", "first").await;
    app.seal().await;
    app.deliver().await;
    let first = lines_of(&path);
    assert_eq!(first[0], "{\"broken", "what was broken off stands on a line of its own");
    let size = app.number("select count(*) from audit.leaves").await;
    assert_eq!(first[1..].iter().filter(|line| line.contains("\"class_uid\"")).count() as i64, size);
    std::fs::rename(&path, &moved).expect("a file can be moved");
    app.happens(2).await;
    app.seal().await;
    app.deliver().await;
    assert_eq!(lines_of(&moved), first);
    let later: Vec<Value> = lines_of(&path).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(later.iter().filter(|line| line.get("class_uid").is_some()).count(), 2);
}

#[actix_web::test]
async fn a_disk_that_is_away_is_a_failure_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = with_folder(folder.path()).await;
    Made::stream(&app.founder().await, "file", "audit.ndjson", "first").await;
    app.seal().await;
    std::fs::remove_dir_all(folder.path()).expect("a folder can be removed");
    let turn = app.deliverer().turn(jiff::Timestamp::now()).await.expect("a turn");
    assert_eq!((turn.delivered, turn.failed), (0, 1));
    std::fs::create_dir(folder.path()).expect("a folder can be made");
    app.execute("update control.audit_streams set next_attempt_at = null").await;
    app.deliver().await;
    assert!(folder.path().join("audit.ndjson").exists());
}

struct Forget;

impl Privilege for Forget {
    const NAME: &'static str = "test.forget";
    const DESCRIPTION: &'static str = "Erase somebody";
}

#[actix_web::test]
async fn what_was_erased_is_in_no_stream_and_no_file_any_more() {
    let app = TestApp::start().await;
    let (founder, collector) = (app.founder().await, Collector::start());
    let (id, email) = app.staff("support").await;
    let made = Made::stream(&founder, "https", &collector.url, "first").await;
    app.seal().await;
    app.deliver().await;
    let sent = |from: usize| collector.posts()[from..].iter().map(|post| post.body.clone()).collect::<String>();
    let before = collector.posts().len();
    assert!(sent(0).contains(&email), "it was there");
    let can: Can<Forget> = Can::prove(Arc::new(Actor::process(ActorKind::Job, "test.forget"))).expect("jobs may");
    erase(app.db(), &can, None, Subject { user_id: id, texts: Vec::new(), placeholders: Vec::new() })
        .await
        .expect("somebody can be erased");
    made.act(&founder, "pausing", &[]).await;
    made.act(&founder, "resending", &[("leaf", "0")]).await;
    made.act(&founder, "resumption", &[]).await;
    app.seal().await;
    app.deliver().await;
    let (again, size) = (sent(before), app.number("select count(*) from audit.leaves").await);
    assert_eq!(again.lines().filter(|line| line.contains("\"class_uid\"")).count() as i64, size);
    assert!(!again.contains(&email));
    assert!(!founder.get("/audit.ndjson?kind=changes,reads").await.text().contains(&email));
}
