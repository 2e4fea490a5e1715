//! The audit log: what every history shows, and what a row looked like before somebody else changed it.

pub mod history;
