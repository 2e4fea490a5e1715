//! TLS in front of what speaks none, with certificates that a test's own authority signed.

use std::io;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Somebody who signs certificates.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

/// What a server says before TLS.
#[derive(Debug, Clone, Copy)]
enum Before {
    Nothing,
    /// What a mail server says until it is asked for TLS.
    StartTls,
}

impl Authority {
    /// One of this name, whom nobody trusts yet.
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate can be signed");
        let file = NamedTempFile::new().expect("a file can be made");
        std::fs::write(file.path(), issuer.pem()).expect("a file can be written");
        Authority { issuer, file }
    }

    /// The file with its certificate, for those who are to trust it.
    pub fn file(&self) -> &str {
        self.file.path().to_str().expect("a path of letters")
    }

    /// Speaks TLS with a certificate for a host, and passes on what is said to a port of this machine. Returns the port
    /// of its own.
    pub fn before(&self, host: &str, port: u16) -> u16 {
        self.front(host, port, Before::Nothing)
    }

    /// The same for a mail server, where TLS begins with `STARTTLS`.
    pub fn before_mail(&self, host: &str, port: u16) -> u16 {
        self.front(host, port, Before::StartTls)
    }

    fn front(&self, host: &str, behind: u16, before: Before) -> u16 {
        let acceptor = TlsAcceptor::from(Arc::new(self.config(host)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("a socket can be polled");
        let port = listener.local_addr().expect("a bound port has an address").port();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a socket can be polled");
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(pass_on(stream, acceptor.clone(), behind, before));
                }
            });
        });
        port
    }

    fn config(&self, host: &str) -> ServerConfig {
        let key = KeyPair::generate().expect("a key can be made");
        let params = CertificateParams::new([host.to_owned()]).expect("a name of a host");
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate can be signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![signed.der().clone()], key)
            .expect("the key is that of the certificate")
    }
}

async fn pass_on(mut stream: TcpStream, acceptor: TlsAcceptor, behind: u16, before: Before) -> io::Result<()> {
    if let Before::StartTls = before {
        until_starttls(&mut stream).await?;
    }
    // Who does not trust the certificate goes away here.
    let mut stream = acceptor.accept(stream).await?;
    let mut behind = TcpStream::connect(("127.0.0.1", behind)).await?;
    if let Before::StartTls = before {
        // Whoever connected was greeted already.
        line(&mut behind).await?;
    }
    copy_bidirectional(&mut stream, &mut behind).await.map(drop)
}

async fn until_starttls(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"220 test ESMTP\r\n").await?;
    loop {
        match line(stream).await?.split(' ').next() {
            Some("EHLO") => stream.write_all(b"250-test\r\n250 STARTTLS\r\n").await?,
            Some("STARTTLS") => return stream.write_all(b"220 go on\r\n").await,
            _ => stream.write_all(b"530 STARTTLS first\r\n").await?,
        }
    }
}

/// One line and nothing behind it, since that may be TLS.
async fn line(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            byte => line.push(byte),
        }
    }
}
