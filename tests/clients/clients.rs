//! Clients themselves: the lists, the forms, the actions, and who sees which.

mod actions;
mod forms;
mod list;
mod scope;
