//! What is sent at a time: lines of events in the order of their leaves, with checkpoints where they were signed.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::audit::history::Event;
use crate::audit::ocsf;
use crate::audit::ocsf::store::Recorded;
use crate::audit::sealer::store::Signed;
use crate::audit::security_events::store::SecurityEvent;
use crate::error::AppError;

/// Of the numbers that syslog has for severities.
const CRITICAL: u8 = 2;
const WARNING: u8 = 4;
const INFORMATIONAL: u8 = 6;

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    pub at: Timestamp,
    /// As syslog counts it.
    pub severity: u8,
    pub text: Vec<u8>,
}

/// Lines, and where the stream stands once they have arrived.
#[derive(Debug, Clone)]
pub struct Batch {
    pub lines: Vec<Line>,
    pub next_leaf: i64,
    pub checkpoint: (i64, jiff_diesel::Timestamp),
}

/// What is at a leaf.
pub enum Found {
    Event(Box<Recorded>),
    SecurityEvent(Box<SecurityEvent>),
    /// It is not in the database any more: archived, or taken out.
    Nothing {
        id: Uuid,
        log: String,
        at: Timestamp,
    },
}

impl Batch {
    /// Nothing yet, where a stream stands.
    pub fn at(next_leaf: i64, checkpoint: (i64, jiff_diesel::Timestamp)) -> Batch {
        Batch { lines: Vec::new(), next_leaf, checkpoint }
    }

    /// The lines as one text.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.bytes());
        for line in &self.lines {
            body.extend_from_slice(&line.text);
            body.push(b'\n');
        }
        body
    }

    /// How long the text is.
    pub fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.text.len() + 1).sum()
    }

    /// Adds the next leaf.
    pub fn add_leaf(&mut self, found: Found) -> Result<(), AppError> {
        let mut text = Vec::with_capacity(1024);
        let (at, severity, written) = match found {
            Found::Event(recorded) => {
                let Event { occurred_at, severity, .. } = &recorded.event;
                let (at, severity) = (occurred_at.to_jiff(), number(severity));
                (at, severity, ocsf::write_event(&recorded, &mut text))
            }
            Found::SecurityEvent(event) => {
                let (at, severity) = (event.occurred_at.to_jiff(), number(&event.severity));
                (at, severity, ocsf::write_security_event(&(*event, Some(self.next_leaf)), &mut text))
            }
            Found::Nothing { id, log, at } => (at, WARNING, ocsf::write_gap(self.next_leaf, id, &log, &mut text)),
        };
        written.map_err(|error| AppError::Internal(error.to_string()))?;
        self.lines.push(Line { at, severity, text });
        self.next_leaf += 1;
        Ok(())
    }

    /// Adds a checkpoint of the leaves so far.
    pub fn add_checkpoint(&mut self, signed: &Signed) {
        let at = signed.created_at.to_jiff();
        let line = json!({ "checkpoint": {
            "tree_size": signed.tree_size, "root": signed.root_text(), "time": at.as_millisecond(), "note": signed.note,
        } });
        self.lines.push(Line { at, severity: INFORMATIONAL, text: line.to_string().into_bytes() });
        self.checkpoint = (signed.tree_size, signed.created_at);
    }
}

fn number(severity: &str) -> u8 {
    match severity {
        "critical" => CRITICAL,
        "warning" => WARNING,
        _ => INFORMATIONAL,
    }
}
