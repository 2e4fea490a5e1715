//! People: the list, their pages, and what is done to them.

mod actions;
mod list;
mod pages;
mod scope;
