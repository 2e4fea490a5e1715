//! A mail server that keeps what it is sent, and refuses what it is told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// One mail as it came over the wire.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body.
    pub data: String,
}

/// Listens on a port of its own until the test ends.
#[derive(Clone)]
pub struct MailServer {
    pub port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// What the next mails are answered with after `DATA`.
    answers: Arc<Mutex<VecDeque<&'static str>>>,
}

impl MailServer {
    /// Begins to listen.
    pub fn start() -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("a bound port has an address").port();
        let server = MailServer { port, mails: Arc::default(), answers: Arc::default() };
        let heard = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = heard.clone();
                thread::spawn(move || heard.converse(stream));
            }
        });
        server
    }

    /// The setting that leads here.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Answers the next mail so instead of taking it.
    pub fn answer_next(&self, answer: &'static str) {
        self.answers.lock().expect("nobody panics with the answers").push_back(answer);
    }

    /// Everything that was taken, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("nobody panics with the mails").clone()
    }

    fn converse(&self, stream: TcpStream) {
        let mut lines =
            BufReader::new(stream.try_clone().expect("a socket can be shared")).lines().map_while(Result::ok);
        let mut stream = stream;
        let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).is_ok();
        let mut mail = Mail { from: String::new(), to: Vec::new(), data: String::new() };
        if !say("220 test ESMTP") {
            return;
        }
        while let Some(line) = lines.next() {
            let command = line.to_ascii_uppercase();
            let answer = match command.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" | "HELO" => "250 test",
                "MAIL" => {
                    mail.from = address(&line);
                    "250 ok"
                }
                "RCPT" => {
                    mail.to.push(address(&line));
                    "250 ok"
                }
                "DATA" => {
                    say("354 go on");
                    mail.data = lines.by_ref().take_while(|line| line != ".").collect::<Vec<_>>().join("\n");
                    self.judge(&mail)
                }
                "QUIT" => {
                    say("221 bye");
                    return;
                }
                _ => "502 unknown",
            };
            if !say(answer) {
                return;
            }
        }
    }

    fn judge(&self, mail: &Mail) -> &'static str {
        let refusal = self.answers.lock().expect("nobody panics with the answers").pop_front();
        refusal.unwrap_or_else(|| {
            self.mails.lock().expect("nobody panics with the mails").push(mail.clone());
            "250 taken"
        })
    }
}

fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

impl Mail {
    /// A header's value, unfolded; empty without one.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\n\n").next().unwrap_or_default().replace("\n ", " ").replace("\n\t", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
        line.unwrap_or_default()
    }

    /// The names of all headers.
    pub fn headers(&self) -> Vec<String> {
        let head = self.data.split("\n\n").next().unwrap_or_default();
        let names = head.lines().filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':'));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    /// The text, as the receiver reads it.
    pub fn text(&self) -> String {
        let body = self.data.split_once("\n\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        match self.header("Content-Transfer-Encoding").as_str() {
            "quoted-printable" => body.replace("=\n", "").replace("=3D", "=").replace("=E2=80=99", "’"),
            _ => body,
        }
    }

    /// The path of the link in it; empty without one.
    pub fn link(&self) -> String {
        let text = self.text();
        let link = text.lines().find(|line| line.starts_with("http")).unwrap_or_default();
        link.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default()
    }
}
