//! How `castellan serve` ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use castellan::db::migrate;
use diesel::connection::SimpleConnection;
use diesel::{RunQueryDsl, sql_query};

use super::process::{PROMPTLY, Process};
use crate::support::skipped;

/// Sends a request on a connection that stays open.
fn ask(stream: &mut TcpStream, head: &str) {
    write!(stream, "{head}\r\nHost: console\r\n\r\n").expect("the console listens");
}

fn answer(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).expect("the console answers");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn it_ends_at_once_though_a_connection_idles() {
    let mut process = Process::start(&["serve"]);
    assert!(process.said.contains(&format!("Castellan listens on http://{}", process.address)), "{}", process.said);
    let mut idle = TcpStream::connect(&process.address).expect("it listens");
    ask(&mut idle, "GET /livez HTTP/1.1");
    assert!(answer(&mut idle).starts_with("HTTP/1.1 200 OK"));
    process.ask_to_end();
    let status = process.ended_within(PROMPTLY);
    assert!(status.success(), "{status}");
    assert_eq!(idle.read(&mut [0; 16]).unwrap_or_default(), 0, "the connection is closed");
}

#[test]
fn who_probes_is_told_before_the_port_closes() {
    let mut process = Process::start(&["serve"]);
    let mut probe = TcpStream::connect(&process.address).expect("it listens");
    ask(&mut probe, "GET /readyz HTTP/1.1");
    let ready = answer(&mut probe);
    assert!(ready.starts_with("HTTP/1.1 200 OK"), "{ready}");
    process.ask_to_end();
    std::thread::sleep(Duration::from_millis(500));
    let mut probe = TcpStream::connect(&process.address).expect("it still listens");
    ask(&mut probe, "GET /readyz HTTP/1.1");
    let told = answer(&mut probe);
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("connection: close"), "{told}");
    assert!(process.ended_within(PROMPTLY).success());
}

#[test]
fn a_request_that_runs_is_answered_first() {
    let mut process = Process::start(&["serve"]);
    let Some(database) = &process.database else { return skipped("two connections need TEST_DATABASE_URL") };
    let cookie = signed_in(&process);
    // Somebody holds a table that the page needs.
    let mut other = migrate::connect(database.engine().url()).expect("the database can be reached");
    other.batch_execute("begin; lock table control.tenants").expect("a lock");
    let mut page = TcpStream::connect(&process.address).expect("it listens");
    ask(&mut page, &format!("GET /tenants HTTP/1.1\r\nCookie: {cookie}"));
    std::thread::sleep(Duration::from_millis(300));
    process.ask_to_end();
    std::thread::sleep(Duration::from_millis(700));
    other.batch_execute("commit").expect("the lock goes");
    let mut got = String::new();
    page.read_to_string(&mut got).expect("the answer comes whole, and then the connection ends");
    assert!(got.starts_with("HTTP/1.1 200 OK") && got.contains("</html>"), "{got}");
    assert!(process.ended_within(PROMPTLY).success());
}

/// The cookie that the printed link gives.
fn signed_in(process: &Process) -> String {
    let link = process.said.trim().rsplit(' ').next().expect("a link is printed");
    let path = link.strip_prefix(&format!("http://{}", process.address)).expect("it leads here");
    let mut stream = TcpStream::connect(&process.address).expect("it listens");
    ask(&mut stream, &format!("GET {path} HTTP/1.1"));
    let answer = answer(&mut stream);
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: castellan=")).expect("a session begins");
    format!("castellan={}", cookie.split(';').next().unwrap_or_default())
}

/// An operator who looks for an end that nobody ordered finds the starts beside it.
#[test]
fn its_start_and_its_end_are_security_events() {
    for (arguments, name) in [(&["serve"][..], "serve"), (&["worker", "--only", "sealer"][..], "sealer")] {
        let mut process = Process::start(arguments);
        let Some(url) = process.database.as_ref().map(|database| database.engine().url().to_owned()) else {
            return skipped("looking on needs TEST_DATABASE_URL");
        };
        let noted = || {
            let mut conn = migrate::connect(&url).expect("the database can be reached");
            let rows = sql_query(
                "select kind || ' ' || severity || ' ' || (details ->> 'process') as said
                from audit.security_events order by occurred_at, id",
            );
            let rows: Vec<Said> = rows.load(&mut conn).expect("events can be read");
            rows.into_iter().map(|row| row.said).collect::<Vec<_>>()
        };
        assert_eq!(noted(), [format!("sys_startup warning {name}")]);
        process.ask_to_end();
        assert!(process.ended_within(PROMPTLY).success());
        assert_eq!(noted(), [format!("sys_startup warning {name}"), format!("sys_shutdown warning {name}")]);
    }
}

#[derive(diesel::QueryableByName)]
struct Said {
    #[diesel(sql_type = diesel::sql_types::Text)]
    said: String,
}
