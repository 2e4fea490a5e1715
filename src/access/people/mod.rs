//! Everybody who can sign in or act: staff, people of tenants and service accounts.

pub mod actions;
pub mod forms;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod setup;
pub mod store;
pub mod tabs;

pub use setup::{
    LINK_MINUTES, NewStaff, add_staff, by_email, email, make_link, recover, role_by_name, role_names, set_password,
};
