//! The second step of signing in, for those who have a second factor.

pub mod pages;
