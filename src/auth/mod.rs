//! Who is asking: passwords, second factors, sessions, and the proof of authority that handlers take.

pub mod acting;
pub mod bearer;
pub mod chosen_password;
pub mod cookie;
pub mod elevation;
mod ended;
pub mod factors;
pub mod founders;
pub mod identify;
pub mod identities;
pub mod lacking;
pub mod landing;
pub mod oidc;
pub mod own_password;
pub mod passkeys;
pub mod password;
pub mod proof;
pub mod reach;
pub mod read_reason;
pub mod recovery_codes;
mod seal;
pub mod second_step;
pub mod sessions;
pub mod sign_in;
pub mod totp;
pub mod uses;

use uuid::Uuid;

use crate::actor::{Can, Needs, Privilege};
use crate::error::AppError;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};

/// Needed by what comes before anybody is signed in.
pub struct SignIn;

impl Privilege for SignIn {
    const NAME: &'static str = "account.sign_in";
    const DESCRIPTION: &'static str = "Sign in";
    const NEEDS: Needs = Needs::Nothing;
}

/// Needed by the second step of signing in.
pub struct SecondStep;

impl Privilege for SecondStep {
    const NAME: &'static str = "account.second_step";
    const DESCRIPTION: &'static str = "Give the second factor";
    const NEEDS: Needs = Needs::HalfSession;
}

/// Needed to leave; every signed-in person has it, whatever else is asked of them.
pub struct SignOut;

impl Privilege for SignOut {
    const NAME: &'static str = "account.sign_out";
    const DESCRIPTION: &'static str = "Sign out";
    const NEEDS: Needs = Needs::Session;
    const WHILE_ENROLLING: bool = true;
    const IN_ANY_NAME: bool = true;
}

/// Needed to stop acting for somebody else and go on as oneself.
pub struct StopActing;

impl Privilege for StopActing {
    const NAME: &'static str = "account.stop_acting";
    const DESCRIPTION: &'static str = "Stop acting for somebody else";
    const NEEDS: Needs = Needs::Session;
    const WHILE_ENROLLING: bool = true;
    const IN_ANY_NAME: bool = true;
}

/// Needed for one's own account; every signed-in person has it.
pub struct OwnAccount;

impl Privilege for OwnAccount {
    const NAME: &'static str = "account.own";
    const DESCRIPTION: &'static str = "See and end one's own sessions and API tokens";
    const NEEDS: Needs = Needs::Session;
}

/// Needed to see one's own second factors.
pub struct OwnFactors;

impl Privilege for OwnFactors {
    const NAME: &'static str = "account.factors";
    const DESCRIPTION: &'static str = "See one's own second factors";
    const NEEDS: Needs = Needs::Session;
    const WHILE_ENROLLING: bool = true;
}

/// Needed to add and remove them.
pub struct ChangeFactors;

impl Privilege for ChangeFactors {
    const NAME: &'static str = "account.change_factors";
    const DESCRIPTION: &'static str = "Add and remove one's own second factors";
    const NEEDS: Needs = Needs::Session;
    const ELEVATED: bool = true;
    const WHILE_ENROLLING: bool = true;
}

/// Needed to see with which identity providers one signs in.
pub struct OwnIdentities;

impl Privilege for OwnIdentities {
    const NAME: &'static str = "account.identities";
    const DESCRIPTION: &'static str = "See one's own identities at providers";
    const NEEDS: Needs = Needs::Session;
}

/// Needed to link and unlink them.
pub struct ChangeIdentities;

impl Privilege for ChangeIdentities {
    const NAME: &'static str = "account.change_identities";
    const DESCRIPTION: &'static str = "Link and unlink one's own identities at providers";
    const NEEDS: Needs = Needs::Session;
    const ELEVATED: bool = true;
}

/// Needed to prove who one is for dangerous work.
pub struct Elevate;

impl Privilege for Elevate {
    const NAME: &'static str = "account.elevate";
    const DESCRIPTION: &'static str = "Prove again who one is, for dangerous work";
    const NEEDS: Needs = Needs::Session;
    const WHILE_ENROLLING: bool = true;
    const WHILE_ACTING: bool = true;
}

/// Needed to say why one reads what is logged. In whoever's name that is, the roles of the person who reads ask.
pub struct SayWhy;

impl Privilege for SayWhy {
    const NAME: &'static str = "account.say_why";
    const DESCRIPTION: &'static str = "Say why one reads personal data and logs";
    const NEEDS: Needs = Needs::Session;
    const IN_ANY_NAME: bool = true;
}

/// The pages of this room.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/sign-in", sign_in::pages::new),
        post("/sign-in", sign_in::pages::create),
        get("/sign-in/link/{token}", sign_in::pages::link),
        get("/sign-in/oidc/{key}", oidc::pages::begin),
        get("/sign-in/oidc/{key}/callback", oidc::pages::callback),
        post("/sign-in/oidc/{key}/logout", oidc::backchannel::logout),
        get("/sign-in/factor", second_step::pages::new),
        post("/sign-in/factor", second_step::pages::create),
        post("/sign-out", sign_in::pages::destroy),
        post("/acting/end", acting::pages::end),
        get("/account/sessions", sessions::pages::index),
        post("/account/sessions/{id}/end", sessions::pages::end),
        post("/account/sessions/end-others", sessions::pages::end_others),
        get("/account/password", own_password::pages::edit),
        post("/account/password", own_password::pages::update),
        get("/elevation", elevation::pages::new),
        post("/elevation", elevation::pages::create),
        post("/elevation/end", elevation::pages::end),
        get("/read-reason", read_reason::pages::new),
        post("/read-reason", read_reason::pages::create),
        post("/read-reason/end", read_reason::pages::end),
    ];
    routes.extend(factor_routes());
    routes.extend(identity_routes());
    routes
}

fn identity_routes() -> Vec<Route> {
    vec![
        get("/account/identities", identities::pages::index),
        get("/account/identities/start/{key}", identities::pages::start),
        get("/account/identities/new", identities::pages::new),
        post("/account/identities", identities::pages::create),
        get("/account/identities/{id}/unlinking/new", ask::<identities::actions::Unlinking>),
        post("/account/identities/{id}/unlinking", act::<identities::actions::Unlinking>),
    ]
}

fn factor_routes() -> Vec<Route> {
    vec![
        get("/account/factors", factors::pages::index),
        get("/account/factors/totp/new", totp::pages::new),
        post("/account/factors/totp", totp::pages::create),
        get("/account/factors/passkeys/new", passkeys::pages::new),
        post("/account/factors/passkeys", passkeys::pages::create),
        get("/account/factors/recovery-codes/new", recovery_codes::pages::new),
        post("/account/factors/recovery-codes", recovery_codes::pages::create),
        get("/account/factors/{id}/edit", factors::pages::edit),
        post("/account/factors/{id}", factors::pages::update),
        get("/account/factors/{id}/removal/new", ask::<factors::actions::Removal>),
        post("/account/factors/{id}/removal", act::<factors::actions::Removal>),
    ]
}

/// The acting person and their session.
fn me<P: Privilege>(can: &Can<P>) -> Result<(Uuid, Uuid), AppError> {
    let actor = can.actor();
    actor.user_id.zip(actor.session_id).ok_or(AppError::SignIn)
}
