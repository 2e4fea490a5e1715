//! Second factors: what somebody has besides a password. Adding one is in `totp`, `passkeys` and `recovery_codes`.

pub mod actions;
pub mod model;
pub mod pages;
pub mod store;
