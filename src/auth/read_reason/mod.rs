//! Why somebody reads personal data and logs. A role may ask for it; then it is said before the first such read, holds
//! for the session for an hour, and is on every event of a read.

pub mod forms;
pub mod pages;
mod store;
