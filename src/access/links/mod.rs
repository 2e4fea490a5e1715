//! Links that come by mail and let somebody set a password: invitations and password resets.
//!
//! A link holds the id of its credential, signed with the process's secret key when the mail is sent (`mail::token`).
//! So there is no secret to keep: database, outbox, log and events hold an id that is of no use without the key.

mod letters;
pub mod model;
pub mod pages;
pub mod store;
