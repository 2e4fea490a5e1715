//! Unlinking what somebody else has at an identity provider.

pub mod actions;
