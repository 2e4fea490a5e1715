//! Syslog as RFC 5424 has it, over TCP or TLS with octet counting (RFC 6587, RFC 5425). It has no acknowledgement: a
//! batch counts as delivered once the server has closed the connection in order, or has kept it without complaint.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::batch::{Batch, Line};
use crate::audit::streams::targets::{Server, Targets};
use crate::web::outgoing;

const CONNECT: Duration = Duration::from_secs(5);
const WRITE: Duration = Duration::from_secs(20);
const CLOSE: Duration = Duration::from_secs(3);
/// `log audit`.
const FACILITY: u32 = 13;

/// Sends a batch over a connection of its own.
pub async fn send(targets: &Targets, address: &str, batch: &Batch) -> Result<(), String> {
    let server = targets.server(address)?;
    let mut bytes = Vec::with_capacity(batch.bytes() + 64 * batch.lines.len());
    for line in &batch.lines {
        frame(line, &mut bytes);
    }
    let stream = connect(&targets.reach.resolve(&server.host, server.port).await?).await?;
    match server.tls {
        true => converse(secured(stream, &server).await?, &bytes).await,
        false => converse(stream, &bytes).await,
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let connecting = timeout(CONNECT, TcpStream::connect(addresses)).await;
    let connected = connecting.map_err(|_| "it does not take connections in time".to_owned())?;
    connected.map_err(|error| format!("it takes no connection: {error}"))
}

async fn secured(stream: TcpStream, server: &Server) -> Result<impl AsyncRead + AsyncWrite + Unpin + use<>, String> {
    let config = outgoing::tls()?;
    let name = ServerName::try_from(server.host.clone()).map_err(|error| error.to_string())?;
    let handshake = timeout(CONNECT, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let secured = handshake.map_err(|_| "it does not agree on TLS in time".to_owned())?;
    secured.map_err(|error| format!("no TLS: {}", outgoing::spelled(&error)))
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Result<(), String> {
    let writing = async {
        stream.write_all(bytes).await?;
        stream.shutdown().await
    };
    let written = timeout(WRITE, writing).await.map_err(|_| "it does not take lines in time".to_owned())?;
    written.map_err(|error| format!("it broke off: {error}"))?;
    let mut answer = [0; 256];
    let closing = timeout(CLOSE, async {
        while stream.read(&mut answer).await? > 0 {}
        Ok::<_, std::io::Error>(())
    });
    match closing.await {
        // Many close without the last words of TLS.
        Ok(Err(error)) if error.kind() != ErrorKind::UnexpectedEof => Err(format!("it broke off: {error}")),
        _ => Ok(()),
    }
}

/// `LENGTH <PRI>1 TIME HOST APP PROCID MSGID SD MSG`
fn frame(line: &Line, out: &mut Vec<u8>) {
    let priority = FACILITY * 8 + u32::from(line.severity);
    let time = line.at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
    let head = format!("<{priority}>1 {time} - castellan - audit - ");
    out.extend_from_slice(format!("{} ", head.len() + line.text.len()).as_bytes());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&line.text);
}
