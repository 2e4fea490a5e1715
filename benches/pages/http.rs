//! As little of HTTP/1.1 as it takes, so that asking costs the machine next to nothing.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};

/// One kept-alive connection.
pub struct Client {
    stream: TcpStream,
    host: SocketAddr,
    cookie: String,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Client {
    pub fn connect(host: SocketAddr, cookie: &str) -> Result<Client> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, host, cookie: cookie.to_owned(), buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Asks and reads the answer to its end.
    pub fn get(&mut self, path: &str, gzip: bool) -> Result<Answer> {
        let encoding = if gzip { "accept-encoding: gzip\r\n" } else { "" };
        let cookie = if self.cookie.is_empty() { String::new() } else { format!("cookie: {}\r\n", self.cookie) };
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{encoding}{cookie}\r\n", self.host);
        self.stream.write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        self.buffer.clear();
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more()?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let length: usize = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while self.buffer.len() < end + length {
            self.read_more()?;
        }
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no HTTP answer"))?;
        Ok(Answer { status, body: self.buffer[end..end + length].to_vec(), head })
    }

    fn read_more(&mut self) -> Result<()> {
        let mut piece = [0; 32 * 1024];
        match self.stream.read(&mut piece)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            length => {
                self.buffer.extend_from_slice(&piece[..length]);
                Ok(())
            }
        }
    }
}

/// The value of a header.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
