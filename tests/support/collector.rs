//! A receiver of streams: takes posts, answers what it is told to, and checks who they are from.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What comes in place of taking a post.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// An answer with this status.
    Answers(u16),
    /// It dies in the middle of the post.
    Dies,
    /// It takes the post and dies before it can say so.
    DiesAfterwards,
}

/// One post that was taken.
#[derive(Debug, Clone)]
pub struct Post {
    pub id: String,
    pub timestamp: String,
    pub signatures: Vec<String>,
    pub body: String,
}

/// Listens on a port of its own until the test ends.
#[derive(Clone)]
pub struct Collector {
    pub url: String,
    pub port: u16,
    posts: Arc<Mutex<Vec<Post>>>,
    troubles: Arc<Mutex<VecDeque<Trouble>>>,
}

impl Collector {
    /// Begins to listen.
    pub fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("a bound port has an address");
        let url = format!("http://{address}/in");
        let collector = Collector { url, port: address.port(), posts: Arc::default(), troubles: Arc::default() };
        let taking = collector.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                taking.take(stream);
            }
        });
        collector
    }

    /// Has this happen to the next posts, one each.
    pub fn trouble(&self, troubles: &[Trouble]) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).extend(troubles);
    }

    /// What was taken, oldest first.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every line that was taken.
    pub fn lines(&self) -> Vec<Value> {
        self.posts().iter().flat_map(Post::lines).collect()
    }

    fn take(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket can be shared"));
        let (mut headers, mut line) = (Vec::new(), String::new());
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            headers.push(line.trim_end().to_owned());
            line.clear();
        }
        let header = |name: &str| {
            let found = headers.iter().filter_map(|header| header.split_once(": "));
            found.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        let trouble = self.troubles.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let length = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if matches!(trouble, Some(Trouble::Dies)) {
            let _ = reader.read_exact(&mut vec![0; length / 2]);
            return;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a whole body");
        let post = Post {
            id: header("x-castellan-id").unwrap_or_default(),
            timestamp: header("x-castellan-timestamp").unwrap_or_default(),
            signatures: header("x-castellan-signature").unwrap_or_default().split(',').map(str::to_owned).collect(),
            body: String::from_utf8(body).expect("lines are UTF-8"),
        };
        let status = match trouble {
            Some(Trouble::Answers(status)) => status,
            _ => {
                self.posts.lock().unwrap_or_else(PoisonError::into_inner).push(post);
                204
            }
        };
        if !matches!(trouble, Some(Trouble::DiesAfterwards)) {
            let answer = format!("HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    }
}

impl Post {
    /// Its lines.
    pub fn lines(&self) -> Vec<Value> {
        self.body.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    /// Whether it was signed with this secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let code: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        self.signatures.contains(&format!("v1={code}"))
    }
}
