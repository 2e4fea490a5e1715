//! One's own sessions: see them, end them.

pub mod pages;
mod store;

pub use store::revoke_tokens;
