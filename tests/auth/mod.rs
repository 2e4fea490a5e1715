mod csrf;
mod headers;
mod open_redirect;
mod sessions;
mod sign_in;
