//! `castellan serve` on an empty database, and on one that another process holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::support::Castellan;

/// A running console and the line it printed.
struct Serving {
    child: Child,
    line: String,
}

impl Serving {
    fn start(place: &Castellan, address: &str, demo: &str) -> Serving {
        Serving::with(place, &["serve", "--listen", address, "--demo", demo])
    }

    fn with(place: &Castellan, arguments: &[&str]) -> Serving {
        let mut command = place.command(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary can be run");
        let mut line = String::new();
        let out = child.stdout.take().expect("it has an output");
        BufReader::new(out).read_line(&mut line).expect("it prints a line");
        Serving { child, line }
    }

    /// Ends it as a service manager does. Returns the exit status.
    fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().expect("signals can be sent");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("a bound port has an address").to_string()
}

/// The answer to a GET, head and body.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the console listens");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn the_first_start_fills_an_empty_database_and_prints_a_link_that_signs_in() {
    let (place, address) = (Castellan::fresh(), free_address());
    let serving = Serving::start(&place, &address, "1");
    let start = format!("Castellan listens on http://{address} - sign in as founder@example.com within 10 minutes");
    assert!(serving.line.starts_with(&start), "{}", serving.line);
    let path = serving.line.trim().rsplit_once(&address).expect("there is a link").1.to_owned();
    let answer = get(&address, &path);
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert!(get(&address, &path).starts_with("HTTP/1.1 410"), "a link works once");
    assert_eq!(serving.end(), Some(0));
    let tenants = "select count(*) from control.tenants";
    assert_eq!(place.texts(tenants), ["40"]);

    let serving = Serving::start(&place, &address, "1");
    assert_eq!(serving.end(), Some(0));
    assert_eq!(place.texts(tenants), ["40"], "a second start adds nothing");
}

#[test]
fn a_founder_with_a_password_signs_in_with_it_and_no_link_is_printed() {
    let (place, address) = (Castellan::fresh(), free_address());
    let founder = ["--founder-email", "zoe@example.com", "--founder-password", "correct-horse-battery"];
    let arguments = [&["serve", "--listen", &address, "--demo", "0"], &founder[..]].concat();
    let serving = Serving::with(&place, &arguments);
    assert_eq!(serving.line.trim(), format!("Castellan listens on http://{address}"));
    let mut stream = TcpStream::connect(&address).expect("it listens");
    let body = "email=zoe%40example.com&password=correct-horse-battery";
    let (length, form) = (body.len(), "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin");
    let head = format!("POST /sign-in HTTP/1.1\r\n{form}\r\nContent-Length: {length}\r\nConnection: close\r\n");
    write!(stream, "{head}Host: {address}\r\n\r\n{body}").expect("the console listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("set-cookie: castellan="), "{answer}");
}

#[test]
fn a_data_folder_has_one_user() {
    if std::env::var("TEST_DATABASE_URL").is_ok_and(|url| !url.is_empty()) {
        return crate::support::skipped("a server takes many users");
    }
    let place = Castellan::migrated();
    let _serving = Serving::start(&place, &free_address(), "0");
    let second = place.run(&["user", "add", "--email", "zoe@example.com", "--role", "admin"]);
    assert_eq!(second.status, 1);
    assert!(second.err.contains("another process already uses the database in"), "{}", second.err);
    let doctor = place.run(&["doctor"]);
    assert_eq!(doctor.status, 0, "{}", doctor.err);
    assert!(doctor.out.contains("a running castellan holds it"), "{}", doctor.out);
}

#[test]
fn an_address_in_use_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("a bound port has an address").to_string();
    let done = Castellan::fresh().run(&["serve", "--listen", &address]);
    assert_eq!(done.status, 1);
    assert!(done.err.contains(&format!("{address} cannot be listened on")), "{}", done.err);
}
