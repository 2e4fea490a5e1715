//! People, roles, how people get in, and tokens.

mod factors_reset;
mod founders;
mod invitations;
mod links;
mod people;
mod token_abuse;
mod tokens;
