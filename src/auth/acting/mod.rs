//! Acting in the name of somebody else: what sessions under a delegation and in an impersonation have in common. Whether
//! it still holds is asked at every request; when it does not, nothing is possible but to go back to oneself.

pub mod pages;
pub mod store;
