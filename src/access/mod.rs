//! Who may do what: people, roles and privileges, who holds them through what, what a change of that reaches, and the
//! tokens of programs.

pub mod assignments;
pub mod delegations;
pub mod departments;
pub mod exposure;
pub mod factors_reset;
pub mod giving;
pub mod groups;
pub mod identities;
pub mod impersonations;
pub mod invitations;
pub mod links;
pub mod people;
pub mod review_items;
pub mod reviews;
pub mod rights;
pub mod roles;
pub mod services;
pub mod tokens;

pub use crate::auth::{founders, reach};

use std::sync::Arc;

use diesel::PgConnection;
use uuid::Uuid;

use crate::actor::{Actor, Can, Needs, Personal, Privilege, PrivilegeInfo, info};
use crate::auth::OwnAccount;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::{Every, Handlers};
use crate::web::create::{create, new};
use crate::web::edit::{edit, update};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use assignments::actions::Revocation as AssignmentRevocation;
use assignments::forms::ExpiryPatch;
use departments::forms::DepartmentPatch;
use groups::forms::GroupPatch;
use identities::actions::IdentityUnlinking;
use invitations::actions::{Revocation, Sending};
use invitations::forms::NewPerson;
use people::actions::{
    Activation, Deactivation, FullSignOut, Lock, PasswordReset, Reactivation, SessionEnding, SignOut, Suspension,
    Unlock,
};
use people::forms::PersonPatch;
use roles::forms::{NewRole, RolePatch};
use services::forms::NewService;
use tokens::actions::{OwnRevocation, Revocation as TokenRevocation};

/// See people, what they may do and what became of them.
pub struct View;
/// Make people and give them roles.
pub struct Manage;
/// Take lists of who may do what out of the console.
pub struct Export;
/// Needed by whoever received a link by mail: the link says who they are.
pub struct UseLink;
/// Needed to make tokens of one's own, which then act with nobody there to prove who they are.
pub struct MakeOwnTokens;

impl Privilege for MakeOwnTokens {
    const NAME: &'static str = "account.make_tokens";
    const DESCRIPTION: &'static str = "Make API tokens of one's own";
    const NEEDS: Needs = Needs::Session;
    const ELEVATED: bool = true;
}

impl Privilege for View {
    const NAME: &'static str = "access.view";
    const DESCRIPTION: &'static str =
        "See people, roles, groups, delegations and API tokens: who may do what, through what, and what they did";
    const DELEGABLE: bool = true;
}

impl Privilege for Manage {
    const NAME: &'static str = "access.manage";
    const DESCRIPTION: &'static str = "Make people, give them roles and means to sign in, lock and suspend them";
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for Export {
    const NAME: &'static str = "access.export";
    const DESCRIPTION: &'static str =
        "Take lists of people, assignments, delegations and API tokens out as CSV and JSON";
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

impl Privilege for UseLink {
    const NAME: &'static str = "account.use_link";
    const DESCRIPTION: &'static str = "Set a password by a link that came by mail";
    const NEEDS: Needs = Needs::Nothing;
}

/// The entry of people in the navigation.
pub const NAV: NavItem = NavItem { label: "People", href: "/people", key: "p", privilege: View::NAME, due: false };

/// The entry of API tokens in the navigation.
pub const NAV_TOKENS: NavItem =
    NavItem { label: "API tokens", href: "/tokens", key: "", privilege: View::NAME, due: false };
/// The entries in the navigation.
pub const NAV_ROLES: NavItem = NavItem { label: "Roles", href: "/roles", key: "r", privilege: View::NAME, due: false };
pub const NAV_ASSIGNMENTS: NavItem =
    NavItem { label: "Assignments", href: "/assignments", key: "s", privilege: View::NAME, due: false };
pub const NAV_GROUPS: NavItem =
    NavItem { label: "Groups", href: "/groups", key: "u", privilege: View::NAME, due: false };

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    use exposure::{ExportExposure, ViewExposure};
    use impersonations::{Approve, Impersonate, ViewImpersonations};
    use reviews::{DecideReviews, ExportReviews, ViewReviews};
    vec![
        info::<View>(),
        info::<Manage>(),
        info::<Export>(),
        info::<ViewReviews>(),
        info::<DecideReviews>(),
        info::<ExportReviews>(),
        info::<ViewExposure>(),
        info::<ExportExposure>(),
        info::<Impersonate>(),
        info::<Approve>(),
        info::<ViewImpersonations>(),
    ]
}

/// Impersonations that wait for a second person, counted to ten thousand.
pub fn requested_impersonations(conn: &mut PgConnection) -> Result<i64, AppError> {
    impersonations::store::count_waiting(conn)
}

/// What this domain does outside of requests.
pub fn handlers() -> Handlers {
    const FINISH_LOCKS: &str = "access.finish_locks";
    const FINISH_IMPERSONATIONS: &str = "access.finish_impersonations";
    const CLOSE_REVIEWS: &str = "access.close_reviews";
    const REMIND_REVIEWERS: &str = "access.remind_reviewers";
    Handlers::new()
        .on(FINISH_LOCKS, people::jobs::finish_locks)
        .scheduled(Every::minutes(5), FINISH_LOCKS)
        .on(FINISH_IMPERSONATIONS, impersonations::jobs::finish)
        .scheduled(Every::minutes(1), FINISH_IMPERSONATIONS)
        .on(CLOSE_REVIEWS, reviews::jobs::close_due)
        .scheduled(Every::minutes(5), CLOSE_REVIEWS)
        .on(REMIND_REVIEWERS, reviews::jobs::remind)
        .scheduled(Every::hour(10), REMIND_REVIEWERS)
}

/// The pages of this domain. A fixed word comes before `{id}`.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/people", people::pages::index).shows(Personal::List).lists(&people::pages::LIST),
        get("/people.csv", people::pages::export).shows(Personal::List),
        get("/people.json", people::pages::export).shows(Personal::List),
        get("/people/new", new::<NewPerson>),
        post("/people", create::<NewPerson>),
        get("/services/new", new::<NewService>),
        post("/services", create::<NewService>),
    ];
    routes.extend(person_routes());
    routes.extend(state_routes());
    routes.extend(link_routes());
    routes.extend(token_routes());
    routes.extend(delegations::routes());
    routes.extend(impersonations::routes());
    routes.extend([role_routes(), assignment_routes(), group_routes(), department_routes()].into_iter().flatten());
    routes.extend(reviews::routes());
    routes.extend(review_items::routes());
    routes.extend(exposure::routes());
    routes.into_iter().map(of_person).collect()
}

/// Every page below a person shows personal data.
fn of_person(route: Route) -> Route {
    match route.path.starts_with("/people/{id}") {
        true => route.shows(Personal::Of("user")),
        false => route,
    }
}

fn person_routes() -> Vec<Route> {
    vec![
        get("/people/{id}", people::pages::show),
        get("/people/{id}/edit", edit::<PersonPatch>),
        post("/people/{id}", update::<PersonPatch>),
        get("/people/{id}/sessions", people::tabs::sessions),
        get("/people/{id}/sessions/{session_id}/ending/new", ask::<SessionEnding>),
        post("/people/{id}/sessions/{session_id}/ending", act::<SessionEnding>),
        get("/people/{id}/sign-out/new", ask::<SignOut>),
        post("/people/{id}/sign-out", act::<SignOut>),
        get("/people/{id}/full-sign-out/new", ask::<FullSignOut>),
        post("/people/{id}/full-sign-out", act::<FullSignOut>),
        get("/people/{id}/sign-ins", people::tabs::sign_ins),
        get("/people/{id}/credentials", people::tabs::credentials),
        get("/people/{id}/identities/{identity_id}/unlinking/new", ask::<IdentityUnlinking>),
        post("/people/{id}/identities/{identity_id}/unlinking", act::<IdentityUnlinking>),
        get("/people/{id}/tokens", people::tabs::tokens),
        get("/people/{id}/history", people::tabs::history),
        get("/people/{id}/password-reset/new", ask::<PasswordReset>),
        post("/people/{id}/password-reset", act::<PasswordReset>),
        get("/people/{id}/invitation/new", ask::<Sending>),
        post("/people/{id}/invitation", act::<Sending>),
        get("/people/{id}/revocation/new", ask::<Revocation>),
        post("/people/{id}/revocation", act::<Revocation>),
        get("/people/{id}/factors-reset/new", factors_reset::pages::new),
        post("/people/{id}/factors-reset", factors_reset::pages::create),
    ]
}

fn state_routes() -> Vec<Route> {
    vec![
        get("/people/{id}/lock/new", ask::<Lock>),
        post("/people/{id}/lock", act::<Lock>),
        get("/people/{id}/unlock/new", ask::<Unlock>),
        post("/people/{id}/unlock", act::<Unlock>),
        get("/people/{id}/suspension/new", ask::<Suspension>),
        post("/people/{id}/suspension", act::<Suspension>),
        get("/people/{id}/reactivation/new", ask::<Reactivation>),
        post("/people/{id}/reactivation", act::<Reactivation>),
        get("/people/{id}/deactivation/new", ask::<Deactivation>),
        post("/people/{id}/deactivation", act::<Deactivation>),
        get("/people/{id}/activation/new", ask::<Activation>),
        post("/people/{id}/activation", act::<Activation>),
    ]
}

fn link_routes() -> Vec<Route> {
    vec![
        get("/invitations/{token}", links::pages::show),
        post("/invitations/{token}", links::pages::set_password),
        get("/password-resets/{token}", links::pages::show),
        post("/password-resets/{token}", links::pages::set_password),
    ]
}

fn token_routes() -> Vec<Route> {
    use tokens::{form_pages, pages};
    vec![
        get("/tokens", pages::index).lists(&pages::LIST),
        get("/tokens.csv", pages::export),
        get("/tokens.json", pages::export),
        get("/tokens/new", form_pages::new),
        post("/tokens", form_pages::create_for_service),
        get("/tokens/{id}", pages::show),
        get("/tokens/{id}/rotation/new", form_pages::ask_for_service),
        post("/tokens/{id}/rotation", form_pages::rotate_for_service),
        get("/tokens/{id}/revocation/new", ask::<TokenRevocation>),
        post("/tokens/{id}/revocation", act::<TokenRevocation>),
        get("/account/tokens", pages::own),
        get("/account/tokens/new", form_pages::new_own),
        post("/account/tokens", form_pages::create_own),
        get("/account/tokens/{id}", pages::show_own),
        get("/account/tokens/{id}/rotation/new", form_pages::ask_own),
        post("/account/tokens/{id}/rotation", form_pages::rotate_own),
        get("/account/tokens/{id}/revocation/new", ask::<OwnRevocation>),
        post("/account/tokens/{id}/revocation", act::<OwnRevocation>),
    ]
}

fn role_routes() -> Vec<Route> {
    vec![
        get("/roles", roles::pages::index).lists(&roles::pages::LIST),
        get("/roles/matrix", roles::matrix_pages::index).lists(&roles::pages::LIST),
        get("/roles/matrix.csv", roles::matrix_pages::export),
        get("/roles/matrix.json", roles::matrix_pages::export),
        get("/roles/new", new::<NewRole>),
        post("/roles", create::<NewRole>),
        get("/roles/{id}", roles::pages::show),
        get("/roles/{id}/edit", edit::<RolePatch>),
        post("/roles/{id}", update::<RolePatch>),
        get("/roles/{id}/deletion/new", ask::<roles::actions::Deletion>),
        post("/roles/{id}/deletion", act::<roles::actions::Deletion>),
        get("/roles/{id}/restoration/new", ask::<roles::actions::Restoration>),
        post("/roles/{id}/restoration", act::<roles::actions::Restoration>),
    ]
}

fn assignment_routes() -> Vec<Route> {
    vec![
        get("/assignments", assignments::pages::index).lists(&assignments::pages::LIST),
        get("/assignments.csv", assignments::pages::export),
        get("/assignments.json", assignments::pages::export),
        get("/assignments/new", assignments::form_pages::new),
        post("/assignments", assignments::form_pages::create),
        get("/assignments/{id}", assignments::pages::show),
        get("/assignments/{id}/edit", edit::<ExpiryPatch>),
        post("/assignments/{id}", update::<ExpiryPatch>),
        get("/assignments/{id}/revocation/new", ask::<AssignmentRevocation>),
        post("/assignments/{id}/revocation", act::<AssignmentRevocation>),
        get("/people/{id}/access", rights::pages::show),
    ]
}

fn group_routes() -> Vec<Route> {
    vec![
        get("/groups", groups::pages::index).lists(&groups::pages::LIST),
        get("/groups.csv", groups::pages::export),
        get("/groups.json", groups::pages::export),
        get("/groups/new", groups::form_pages::new),
        post("/groups", groups::form_pages::create),
        get("/groups/{id}", groups::pages::show).shows(Personal::Of("group")).lists(&groups::pages::MEMBERS),
        get("/groups/{id}/edit", edit::<GroupPatch>),
        post("/groups/{id}", update::<GroupPatch>),
        get("/groups/{id}/deletion/new", ask::<groups::actions::Deletion>),
        post("/groups/{id}/deletion", act::<groups::actions::Deletion>),
        get("/groups/{id}/restoration/new", ask::<groups::actions::Restoration>),
        post("/groups/{id}/restoration", act::<groups::actions::Restoration>),
        get("/groups/{id}/members/new", groups::member_pages::new),
        post("/groups/{id}/members", groups::member_pages::create),
        get("/groups/{id}/members/{member_id}/removal/new", ask::<groups::actions::Removal>),
        post("/groups/{id}/members/{member_id}/removal", act::<groups::actions::Removal>),
    ]
}

fn department_routes() -> Vec<Route> {
    use departments::actions::{Deletion, Removal, Restoration};
    vec![
        get("/tenants/{id}/departments", departments::pages::index),
        get("/tenants/{id}/departments/new", departments::form_pages::new),
        post("/tenants/{id}/departments", departments::form_pages::create),
        get("/tenants/{id}/departments/{department_id}", departments::pages::show)
            .shows(Personal::OfTenant)
            .lists(&departments::pages::MEMBERS),
        get("/tenants/{id}/departments/{department_id}/edit", edit::<DepartmentPatch>),
        post("/tenants/{id}/departments/{department_id}", update::<DepartmentPatch>),
        get("/tenants/{id}/departments/{department_id}/deletion/new", ask::<Deletion>),
        post("/tenants/{id}/departments/{department_id}/deletion", act::<Deletion>),
        get("/tenants/{id}/departments/{department_id}/restoration/new", ask::<Restoration>),
        post("/tenants/{id}/departments/{department_id}/restoration", act::<Restoration>),
        get("/tenants/{id}/departments/{department_id}/members/new", departments::member_pages::new),
        post("/tenants/{id}/departments/{department_id}/members", departments::member_pages::create),
        get("/tenants/{id}/departments/{department_id}/members/{member_id}/removal/new", ask::<Removal>),
        post("/tenants/{id}/departments/{department_id}/members/{member_id}/removal", act::<Removal>),
    ]
}

/// The page of the API token with this text: among all for those who see all, among one's own for its owner.
pub async fn token_page(db: &Db, actor: &Arc<Actor>, text: &str) -> Result<Option<String>, AppError> {
    let hash = crate::token::hash(text);
    // What is one's own is out of reach for those who act for somebody else.
    let found: Option<(Uuid, bool)> = match (&actor.acting_for, Can::<View>::prove(actor.clone())) {
        (None, _) => {
            let own = Can::<OwnAccount>::prove(actor.clone())?;
            db.read(&own, move |conn| tokens::store::by_text(conn, hash)).await?
        }
        (Some(_), Ok(can)) => {
            let found = db.read(&can, move |conn| tokens::store::by_text(conn, hash)).await?;
            found.map(|(id, _)| (id, false))
        }
        (Some(_), Err(_)) => None,
    };
    Ok(match found {
        Some((id, _)) if actor.holds_everywhere(View::NAME) => Some(format!("/tokens/{id}")),
        Some((id, true)) => Some(format!("/account/tokens/{id}")),
        _ => None,
    })
}
