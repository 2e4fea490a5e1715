//! Who acts, with which rights, on which rows. Plain types; `auth` builds them from a session.

mod acting;
mod impersonating;
mod reading;
mod scope;
mod whole;

use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::error::AppError;
pub use acting::{ActingFor, ActingKind};
pub use impersonating::Impersonating;
pub use reading::{About, Personal, REASON_CODES, ReadReason, Reading};
pub use scope::Scope;
use scope::{Grant, Place};
pub use whole::Whole;

/// A named right, declared by the domain that it protects as a type without values.
pub trait Privilege: Send + Sync + 'static {
    /// The name in table `privileges`, such as `tenants.manage`.
    const NAME: &'static str;
    /// One sentence for the role page.
    const DESCRIPTION: &'static str;
    /// Reads under this privilege leave an event of their own, one a request, and ask why where a role wants to know.
    const LOG_READS: bool = false;
    /// What it takes to hold it.
    const NEEDS: Needs = Needs::Grant;
    /// Used only in the minutes after somebody has proved again who they are.
    const ELEVATED: bool = false;
    /// Open to those who must add a second factor before anything else.
    const WHILE_ENROLLING: bool = false;
    /// Open in whoever's name somebody acts, also when that is over: the ways back to oneself.
    const IN_ANY_NAME: bool = false;
    /// For what needs a session and no more, such as one's own account: open under a delegation.
    const WHILE_ACTING: bool = false;
    /// Can be handed to somebody else for a while. Not what would last beyond that: giving rights or means to sign in.
    const DELEGABLE: bool = false;
    /// What it protects belongs to no tenant, so that a role on one of them is not enough.
    const PLATFORM_ONLY: bool = false;
    /// What it protects belongs to tenants as a whole, so that a role on one of their clients finds none of it.
    const OF_WHOLE_TENANTS: bool = false;
    /// What it opens to somebody who impersonates a person of a tenant. Never to be opened: one's own account, means to
    /// sign in, secrets, exports, decisions on privacy, billing, and acting for yet another person.
    const WHILE_IMPERSONATING: Impersonating = Impersonating::Closed;
    /// What is sent under it is looked for and changes nothing, so that who only looks may send it.
    const ONLY_ASKS: bool = false;
    /// Changes under it are asked for by other machines, so that they need not come from a page of ours.
    const FROM_ELSEWHERE: bool = false;
    /// The database role it is used as, where that is not said by who acts and where.
    const DATABASE_ROLE: Option<&'static str> = None;
}

/// What it takes to hold a privilege.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A role that contains it.
    Grant,
    /// A session, as for one's own account.
    Session,
    /// A session that awaits its second factor, and nothing more.
    HalfSession,
    /// Nothing: the sign-in page and what comes before it.
    Nothing,
}

/// What a privilege looks like in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivilegeInfo {
    pub name: &'static str,
    pub description: &'static str,
    pub log_reads: bool,
    pub is_delegable: bool,
    /// Whether its use asks for elevation.
    pub is_dangerous: bool,
    pub while_impersonating: Impersonating,
}

/// The registry entry of a privilege type.
pub const fn info<P: Privilege>() -> PrivilegeInfo {
    PrivilegeInfo {
        name: P::NAME,
        description: P::DESCRIPTION,
        log_reads: P::LOG_READS,
        is_delegable: P::DELEGABLE,
        is_dangerous: P::ELEVATED,
        while_impersonating: P::WHILE_IMPERSONATING,
    }
}

/// What stands behind an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    Person,
    Job,
    Command,
    Anonymous,
}

impl ActorKind {
    /// The spelling of column `audit.events.actor_kind`.
    pub fn as_str(&self) -> &'static str {
        match self {
            ActorKind::Person => "person",
            ActorKind::Job => "job",
            ActorKind::Command => "command",
            ActorKind::Anonymous => "anonymous",
        }
    }
}

/// A session whose person has still to give a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfSession {
    pub id: Uuid,
    pub user_id: Uuid,
}

/// Somebody or something that acts.
#[derive(Debug, Clone)]
pub struct Actor {
    pub kind: ActorKind,
    pub user_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    /// The API token that speaks for this person.
    pub token_id: Option<Uuid>,
    pub request_id: Uuid,
    /// A person's address, or the name of the job or command.
    pub label: String,
    /// A person's name.
    pub name: String,
    /// Path and query of the request, for reads that are logged.
    pub asked_for: String,
    /// What is to be said of them besides.
    pub reading: Reading,
    /// Dangerous actions are possible until then.
    pub elevated_until: Option<Timestamp>,
    /// Elevated by what stands in for a lost passkey, which is enough to replace it and for nothing else.
    pub replaces_passkey: bool,
    /// May not be without a second factor, for they are staff in production.
    pub factor_required: bool,
    /// Must add a second factor before anything else.
    pub must_enrol: bool,
    /// Nobody yet, but with the first factor given.
    pub half: Option<HalfSession>,
    /// Whose rights these are, when they are not the person's own.
    pub acting_for: Option<ActingFor>,
    grants: Vec<Grant>,
    /// What the API token is for, whatever its owner holds of it.
    scopes: Vec<String>,
    everything: bool,
}

impl Actor {
    /// A signed-in person, with grants as `control.session_authority` returns them; unreadable ones grant nothing.
    pub fn person(
        user_id: Uuid,
        session_id: Uuid,
        request_id: Uuid,
        email: String,
        name: String,
        grants: &[String],
    ) -> Self {
        Actor {
            kind: ActorKind::Person,
            user_id: Some(user_id),
            session_id: Some(session_id),
            label: email,
            name,
            grants: grants.iter().filter_map(|text| Grant::parse(text)).collect(),
            ..Actor::anonymous(request_id)
        }
    }

    /// A program with an API token, which may do what its owner may at this moment, as far as the token is scoped
    /// to it.
    pub fn token(token_id: Uuid, user_id: Uuid, request_id: Uuid, grants: &[String], scopes: &[String]) -> Self {
        let grants = grants.iter().filter_map(|text| Grant::parse(text));
        Actor {
            kind: ActorKind::Person,
            user_id: Some(user_id),
            token_id: Some(token_id),
            grants: grants.filter(|grant| scopes.contains(&grant.privilege)).collect(),
            scopes: scopes.to_vec(),
            ..Actor::anonymous(request_id)
        }
    }

    /// Somebody who has just proved who they are and has no session yet; may only sign in.
    pub fn signing_in(user_id: Uuid, request_id: Uuid) -> Self {
        Actor { kind: ActorKind::Person, user_id: Some(user_id), ..Actor::anonymous(request_id) }
    }

    /// Somebody who has given the first factor and not the second: holds no right at all.
    pub fn halfway(half: HalfSession, request_id: Uuid) -> Self {
        Actor { half: Some(half), ..Actor::anonymous(request_id) }
    }

    /// A job of the worker or a command of the command line, which may do everything under its own name.
    pub fn process(kind: ActorKind, label: &str) -> Self {
        Actor { kind, label: label.to_owned(), everything: true, ..Actor::anonymous(Uuid::now_v7()) }
    }

    /// Nobody: holds no right at all.
    pub fn anonymous(request_id: Uuid) -> Self {
        Actor {
            kind: ActorKind::Anonymous,
            user_id: None,
            session_id: None,
            token_id: None,
            request_id,
            label: String::new(),
            name: String::new(),
            asked_for: String::new(),
            reading: Reading::default(),
            elevated_until: None,
            replaces_passkey: false,
            factor_required: false,
            must_enrol: false,
            half: None,
            acting_for: None,
            grants: Vec::new(),
            scopes: Vec::new(),
            everything: false,
        }
    }

    /// Whether dangerous actions are possible now; processes need no second look.
    pub fn is_elevated(&self) -> bool {
        self.everything || (self.is_in_elevation() && !self.replaces_passkey)
    }

    fn is_in_elevation(&self) -> bool {
        self.elevated_until.is_some_and(|until| until > Timestamp::now())
    }

    /// Whether this one is possible now. Who may only replace a passkey is let in where those are who have no factor yet.
    fn is_elevated_for<P: Privilege>(&self) -> bool {
        self.is_elevated() || (P::WHILE_ENROLLING && self.is_in_elevation())
    }

    /// Whether the time in which they acted for somebody else is over, and they have not gone back to themselves.
    pub fn acting_is_over(&self) -> bool {
        self.acting_for.as_ref().is_some_and(|acting| acting.is_over)
    }

    /// The impersonation that they are in.
    pub fn impersonation(&self) -> Option<&ActingFor> {
        self.acting_for.as_ref().filter(|acting| acting.is_impersonation())
    }

    /// Refuses what is not open in the name of whom they act for.
    fn in_this_name<P: Privilege>(&self) -> Result<(), AppError> {
        if P::IN_ANY_NAME {
            return Ok(());
        }
        if self.acting_is_over() {
            return Err(AppError::ActingOver);
        }
        let Some(acting) = self.impersonation() else {
            let is_own = P::NEEDS == Needs::Session && !P::WHILE_ACTING;
            return if is_own && self.acting_for.is_some() { Err(AppError::OnlyAsOneself) } else { Ok(()) };
        };
        match P::WHILE_IMPERSONATING {
            Impersonating::Closed => Err(AppError::NotWhileImpersonating { is_look: false, typed: Vec::new() }),
            Impersonating::Acting if !acting.may_write => {
                Err(AppError::NotWhileImpersonating { is_look: true, typed: Vec::new() })
            }
            _ => Ok(()),
        }
    }

    /// Whether the privilege is held anywhere; templates draw buttons from it.
    pub fn holds(&self, privilege: &str) -> bool {
        self.everything || self.grants.iter().any(|grant| grant.privilege == privilege)
    }

    /// Whether the API token is for this privilege, held by its owner or not.
    pub fn is_scoped_to(&self, privilege: &str) -> bool {
        self.scopes.iter().any(|scope| scope == privilege)
    }

    /// Whether no right of theirs is limited to some rows.
    pub fn sees_everything(&self) -> bool {
        self.everything || self.grants.iter().all(|grant| grant.place == Place::Platform)
    }

    /// Whether the privilege is held for every row.
    pub fn holds_everywhere(&self, privilege: &str) -> bool {
        self.scope(privilege) == Some(Scope::Platform)
    }

    /// Whether the privilege is held for a whole tenant and not just for some of its clients.
    pub fn holds_in_tenant(&self, privilege: &str, tenant_id: Uuid) -> bool {
        match self.scope(privilege) {
            Some(Scope::Platform) => true,
            Some(Scope::Rows { tenants, .. }) => tenants.contains(&tenant_id),
            None => false,
        }
    }

    /// Whether the privilege is held on a place or a wider one: everywhere, on a tenant, or on a client of it.
    pub fn holds_on(&self, privilege: &str, tenant_id: Option<Uuid>, client_id: Option<Uuid>) -> bool {
        match self.scope(privilege) {
            Some(Scope::Platform) => true,
            Some(Scope::Rows { tenants, clients, .. }) => {
                tenant_id.is_some_and(|id| tenants.contains(&id)) || client_id.is_some_and(|id| clients.contains(&id))
            }
            None => false,
        }
    }

    /// Whether the privilege is held for all of some tenant.
    pub fn holds_in_some_tenant(&self, privilege: &str) -> bool {
        match self.scope(privilege) {
            Some(Scope::Platform) => true,
            Some(Scope::Rows { tenants, .. }) => !tenants.is_empty(),
            None => false,
        }
    }

    fn scope(&self, privilege: &str) -> Option<Scope> {
        if self.everything {
            return Some(Scope::Platform);
        }
        let (mut tenants, mut clients, mut client_tenants) = (Vec::new(), Vec::new(), Vec::new());
        for grant in self.grants.iter().filter(|grant| grant.privilege == privilege) {
            match grant.place {
                Place::Platform => return Some(Scope::Platform),
                Place::Tenant(tenant) => tenants.push(tenant),
                Place::Client(client, tenant) => {
                    clients.push(client);
                    client_tenants.push(tenant);
                }
            }
        }
        (!tenants.is_empty() || !clients.is_empty()).then_some(Scope::Rows { tenants, clients, client_tenants })
    }
}

/// Proof that the actor holds `P`, and where. Cannot be made without asking the actor.
#[derive(Debug)]
pub struct Can<P> {
    actor: Arc<Actor>,
    scope: Scope,
    privilege: PhantomData<fn() -> P>,
}

impl<P> Clone for Can<P> {
    fn clone(&self) -> Self {
        Can { actor: self.actor.clone(), scope: self.scope.clone(), privilege: PhantomData }
    }
}

impl<P: Privilege> Can<P> {
    /// Asks the actor. Nobody signed in is `SignIn`, a missing right `Forbidden`, a missing proof `Elevate`.
    pub fn prove(actor: Arc<Actor>) -> Result<Can<P>, AppError> {
        actor.in_this_name::<P>()?;
        let scope = match P::NEEDS {
            Needs::Nothing => Scope::Platform,
            Needs::HalfSession if actor.half.is_some() => Scope::Platform,
            _ if actor.kind == ActorKind::Anonymous => return Err(AppError::SignIn),
            Needs::HalfSession => return Err(AppError::AlreadyDone("/".to_owned())),
            _ if actor.must_enrol && actor.token_id.is_some() => return Err(AppError::OwnerMustEnrol),
            _ if actor.must_enrol && !P::WHILE_ENROLLING => return Err(AppError::EnrolFirst),
            Needs::Session if actor.token_id.is_some() => return Err(AppError::Forbidden(P::NAME)),
            Needs::Session => Scope::Platform,
            Needs::Grant => {
                let fits = |scope: &Scope| !P::PLATFORM_ONLY || *scope == Scope::Platform;
                let scope = actor.scope(P::NAME).filter(fits).ok_or(AppError::Forbidden(P::NAME))?;
                if P::OF_WHOLE_TENANTS { scope.of_whole_tenants() } else { scope }
            }
        };
        // A token was made by an elevated person for just this, and no one is there to prove themselves again.
        if P::ELEVATED && actor.token_id.is_none() && !actor.is_elevated_for::<P>() {
            return Err(AppError::Elevate);
        }
        if P::LOG_READS {
            actor.says_why()?;
        }
        Ok(Can { actor, scope, privilege: PhantomData })
    }

    /// Who acts.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// On which rows.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The database role whose policies and grants go with this proof.
    pub fn database_role(&self) -> &'static str {
        if let Some(role) = P::DATABASE_ROLE {
            return role;
        }
        let impersonates = self.actor.impersonation().map(|acting| acting.may_write);
        match (P::NEEDS, &self.actor.kind, &self.scope) {
            (Needs::Session | Needs::HalfSession | Needs::Nothing, _, _) => "castellan_auth",
            (Needs::Grant, ..) if impersonates == Some(true) => "castellan_acting",
            (Needs::Grant, ..) if impersonates == Some(false) => "castellan_viewing",
            (Needs::Grant, ActorKind::Job, _) => "castellan_jobs",
            (Needs::Grant, _, Scope::Platform) => "castellan_staff",
            (Needs::Grant, _, Scope::Rows { .. }) => "castellan_scoped",
        }
    }
}
