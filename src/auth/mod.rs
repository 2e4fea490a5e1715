//! Who is asking: passwords, sessions, and the proof of authority that handlers take.

pub mod cookie;
pub mod identify;
pub mod password;
pub mod sessions;
pub mod sign_in;

use crate::actor::{Needs, Privilege};
use crate::web::route::{Route, get, post};

/// Needed by what comes before anybody is signed in.
pub struct SignIn;

impl Privilege for SignIn {
    const NAME: &'static str = "account.sign_in";
    const DESCRIPTION: &'static str = "Sign in";
    const NEEDS: Needs = Needs::Nothing;
}

/// Needed for one's own account; every signed-in person has it.
pub struct OwnAccount;

impl Privilege for OwnAccount {
    const NAME: &'static str = "account.own";
    const DESCRIPTION: &'static str = "See and end one's own sessions";
    const NEEDS: Needs = Needs::Session;
}

/// The pages of this room.
pub fn routes() -> Vec<Route> {
    vec![
        get("/sign-in", sign_in::pages::new),
        post("/sign-in", sign_in::pages::create),
        get("/sign-in/link/{token}", sign_in::pages::link),
        post("/sign-out", sign_in::pages::destroy),
        get("/account/sessions", sessions::pages::index),
        post("/account/sessions/{id}/end", sessions::pages::end),
        post("/account/sessions/end-others", sessions::pages::end_others),
    ]
}
