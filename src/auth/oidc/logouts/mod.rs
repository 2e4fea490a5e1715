//! Logouts that providers sent lately. One may come while somebody is on their way in, when there is no session yet that
//! it could end; then the session does not begin.

mod store;

pub use store::{Noted, none_since, note};
