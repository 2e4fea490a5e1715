//! Streams: the sealed log sent on as it grows, to an HTTPS endpoint, a syslog server or a file. What receivers have to
//! know is in docs/audit-export.md.

pub mod actions;
pub mod delivery;
pub mod form_pages;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
pub mod targets;
