//! Elevation: dangerous work is possible for ten minutes after a person proved again, with the best they have, who
//! they are. It belongs to one session and is not lengthened by use.

pub mod pages;
mod store;
