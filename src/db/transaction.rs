//! What happens between BEGIN and COMMIT: who acts, the event, the work, the effect.

mod reads;

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use castellan_schema::{audit, control};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::details::{storable, with_name, with_token};
use super::functions::{record, record_security};
use super::security::SecurityEvent;
use crate::action::{Action, Departure, Effect, Once, Reach, RowChange};
use crate::actor::{ActingKind, Actor, ActorKind, Can, Needs, Privilege, Scope};
use crate::error::AppError;
pub(super) use reads::{log_read, note, read};

/// A writing transaction under privilege `P`. Its event exists already; every row change is recorded under it.
pub struct Tx<'c, P> {
    conn: &'c mut PgConnection,
    event_id: Uuid,
    actor: Arc<Actor>,
    adds_work: bool,
    is_watched: bool,
    reach: Option<Box<Reach>>,
    privilege: PhantomData<fn() -> P>,
}

impl<P> Tx<'_, P> {
    /// The event that this transaction's changes belong to.
    pub fn event_id(&self) -> Uuid {
        self.event_id
    }

    /// The person who acts; none for jobs and commands.
    pub fn actor_id(&self) -> Option<Uuid> {
        self.actor.user_id
    }

    /// Who acts, with the rights of this request.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// Whether somebody looks at the effect, or has looked at it: what costs time to find out is worth it then.
    pub fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Adds to the effect who gains and who loses rights.
    pub fn reaches(&mut self, reach: Reach) {
        self.reach = Some(Box::new(reach));
    }

    /// Leaves a security event that stands or falls with this transaction.
    pub fn note_security(&mut self, event: &SecurityEvent) -> Result<(), AppError> {
        write_security(self.conn, &self.actor, event)
    }

    /// Lets the worker of this process look for work as soon as this is committed.
    pub fn adds_work(&mut self) {
        self.adds_work = true;
    }
}

impl<P> Deref for Tx<'_, P> {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        self.conn
    }
}

impl<P> DerefMut for Tx<'_, P> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.conn
    }
}

/// The result of work that was done and undone, with everything it changed.
#[derive(Debug)]
pub struct Preview<T> {
    pub value: T,
    pub effect: Effect,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Run {
    Commit,
    RollBack,
}

/// A transaction whose first statements go with its beginning in one round trip, a twentieth of a page: diesel's own
/// would take two. Should `work` panic, the pool drops the connection.
fn within<T, E: From<diesel::result::Error>>(
    conn: &mut PgConnection,
    beginning: &str,
    work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
) -> Result<T, E> {
    let begun = conn.batch_execute(beginning);
    let done = begun.map_err(E::from).and_then(|()| work(conn));
    let ended = conn.batch_execute(if done.is_ok() { "commit" } else { "rollback" });
    // Where the server has gone the rollback fails too, and says less about why.
    let done = done?;
    ended?;
    Ok(done)
}

pub(super) fn append<P, T, F>(conn: &mut PgConnection, can: &Can<P>, work: F) -> Result<T, AppError>
where
    P: Privilege,
    F: FnOnce(&mut PgConnection) -> Result<T, AppError>,
{
    within(conn, &writing(can), work)
}

/// Why a writing transaction did not commit.
enum Stop<T> {
    Previewed(Preview<T>),
    Failed(AppError),
}

impl<T> From<diesel::result::Error> for Stop<T> {
    fn from(error: diesel::result::Error) -> Self {
        Stop::Failed(error.into())
    }
}

impl<T> From<AppError> for Stop<T> {
    fn from(error: AppError) -> Self {
        Stop::Failed(error)
    }
}

pub(super) fn write<P, T, F>(
    conn: &mut PgConnection,
    can: &Can<P>,
    action: &Action,
    run: Run,
    work_added: &Notify,
    work: F,
) -> Result<Preview<T>, AppError>
where
    P: Privilege,
    F: FnOnce(&mut Tx<'_, P>) -> Result<T, AppError>,
{
    let mut adds_work = false;
    let done = within(conn, &writing(can), |conn| {
        let event_id = open_event(conn, can.actor(), action, "success", false)?;
        let actor = can.actor().clone();
        if let (Some(once), Run::Commit) = (&action.once, run) {
            claim(conn, once, action, actor.user_id)?;
        }
        let is_watched = run == Run::RollBack || action.expected.is_some();
        let mut tx = Tx { conn, event_id, actor, adds_work: false, is_watched, reach: None, privilege: PhantomData };
        let value = work(&mut tx)?;
        adds_work = tx.adds_work;
        let reach = tx.reach.take();
        let preview = Preview { value, effect: effect_wanted(conn, action, run, event_id, reach)? };
        match run {
            Run::RollBack => Err(Stop::Previewed(preview)),
            Run::Commit => Ok(preview),
        }
    });
    match done {
        Ok(preview) => {
            if adds_work {
                work_added.notify_one();
            }
            Ok(preview)
        }
        Err(Stop::Previewed(preview)) => Ok(preview),
        Err(Stop::Failed(AppError::OwnMatter(why))) => {
            // That somebody tried is worth an event; that it was looked at is not.
            if run == Run::Commit {
                note_security(conn, can.actor(), &SecurityEvent::own_matter(action))?;
            }
            Err(AppError::Conflict(why))
        }
        Err(Stop::Failed(AppError::NotOffered(field, why))) => {
            note_security(conn, can.actor(), &SecurityEvent::not_offered(field))?;
            Err(AppError::Refused(field, why))
        }
        Err(Stop::Failed(error)) => {
            if matches!(error, AppError::Internal(_)) {
                record_failure(conn, can, action);
            }
            Err(error)
        }
    }
}

/// Collects the effect when somebody looks at it, and refuses to commit another one than was shown.
fn effect_wanted(
    conn: &mut PgConnection,
    action: &Action,
    run: Run,
    event_id: Uuid,
    reach: Option<Box<Reach>>,
) -> Result<Effect, AppError> {
    if run == Run::Commit && action.expected.is_none() {
        return Ok(Effect::default());
    }
    let effect = Effect { reach, ..collect(conn, event_id)? };
    match &action.expected {
        Some(expected) if run == Run::Commit && *expected != effect.digest() => {
            Err(AppError::EffectChanged(Box::new(effect)))
        }
        _ => Ok(effect),
    }
}

fn collect(conn: &mut PgConnection, event: Uuid) -> Result<Effect, AppError> {
    use audit::changes::dsl as c;
    use control::outbox::dsl as o;
    type Row = (String, Option<Uuid>, String, Option<Value>, Option<Value>);
    let rows: Vec<Row> = c::changes
        .filter(c::event_id.eq(event))
        .filter(c::table_name.ne_all(["outbox", "idempotency_keys"]))
        .order(c::position)
        .select((c::table_name, c::row_id, c::op, c::before, c::after))
        .load(conn)?;
    let departures: Vec<(String, String, String)> =
        o::outbox.filter(o::event_id.eq(event)).order(o::id).select((o::kind, o::recipient, o::subject)).load(conn)?;
    Ok(Effect {
        changes: rows
            .into_iter()
            .map(|(table_name, row_id, op, before, after)| RowChange { table_name, row_id, op, before, after })
            .filter(|change| !is_errand(change))
            .collect(),
        departures: departures
            .into_iter()
            .map(|(kind, recipient, subject)| Departure { kind, recipient, subject })
            .collect(),
        reach: None,
    })
}

/// The job that sends a letter, which is named among what leaves the system.
fn is_errand(change: &RowChange) -> bool {
    let kind = change.after.as_ref().and_then(|after| after.get("kind"));
    change.table_name == "job_queue" && kind.is_some_and(|kind| kind == "mail.send")
}

/// A second sending of the same form waits here for the first and then finds its result.
fn claim(conn: &mut PgConnection, once: &Once, action: &Action, actor_id: Option<Uuid>) -> Result<(), AppError> {
    use control::idempotency_keys::dsl as k;
    let user = actor_id.unwrap_or_default();
    let claimed = diesel::insert_into(k::idempotency_keys)
        .values((
            k::key.eq(once.key),
            k::user_id.eq(user),
            k::route.eq(action.name),
            k::body_hash.eq(once.body_hash.as_slice()),
            k::location.eq(&once.location),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    if claimed == 1 {
        return Ok(());
    }
    let (body_hash, location): (Vec<u8>, String) = k::idempotency_keys
        .filter(k::key.eq(once.key).and(k::user_id.eq(user)))
        .select((k::body_hash, k::location))
        .first(conn)?;
    if body_hash == once.body_hash {
        return Err(AppError::AlreadyDone(location));
    }
    Err(AppError::Refused(
        "base",
        "This form was already sent with other content. Look whether that did what you want; sent again, this does it \
         besides."
            .into(),
    ))
}

pub(super) fn note_security(
    conn: &mut PgConnection,
    actor: &Arc<Actor>,
    event: &SecurityEvent,
) -> Result<(), AppError> {
    let can = Can::<Noting>::prove(actor.clone())?;
    within(conn, &writing(&can), |conn| write_security(conn, actor, event))
}

fn write_security(conn: &mut PgConnection, actor: &Actor, event: &SecurityEvent) -> Result<(), AppError> {
    let noted: bool = diesel::select(record_security(
        event.kind.name(),
        event.severity,
        event.network_hash.as_deref(),
        actor.impersonation().and_then(|acting| acting.tenant_id),
        storable(with_name(with_token(&event.details, actor), actor)).as_ref(),
    ))
    .get_result(conn)?;
    debug_assert!(noted);
    Ok(())
}

/// Everybody may be noted.
struct Noting;

impl Privilege for Noting {
    const NAME: &'static str = "security.note";
    const DESCRIPTION: &'static str = "Leave a security event";
    const NEEDS: Needs = Needs::Nothing;
    const IN_ANY_NAME: bool = true;
}

/// How a transaction begins that writes. Plans are made as PostgreSQL chooses, where reads share one; see `pool.rs`.
fn writing<P: Privilege>(can: &Can<P>) -> String {
    format!("begin; set local plan_cache_mode = auto; {}", enter(can))
}

/// The statements that say who leaves an event, on which rows, as which role. They go in one round trip and, unlike a
/// query, cost no plan.
fn enter<P: Privilege>(can: &Can<P>) -> String {
    let actor = can.actor();
    let acting = actor.acting_for.as_ref();
    let acting_by = |kind| id(acting.and_then(|acting| acting.id_of(kind)));
    let settings = [
        ("castellan.actor_kind", actor.kind.as_str()),
        ("castellan.actor_label", process_label(actor)),
        ("castellan.effective_actor_id", &id(acting.map(|acting| acting.user_id))),
        ("castellan.delegation_id", &acting_by(ActingKind::Delegation)),
        ("castellan.impersonation_id", &acting_by(ActingKind::Impersonation)),
        ("castellan.session_id", &id(actor.session_id)),
        ("castellan.request_id", &actor.request_id.to_string()),
        ("castellan.reason_code", actor.reading.reason.as_ref().map_or("", |reason| reason.code.as_str())),
    ];
    set(&settings) + &look(can)
}

/// The statements that say who looks, which is less.
fn look<P: Privilege>(can: &Can<P>) -> String {
    let (tenants, clients, client_tenants) = match can.scope() {
        Scope::Platform => Default::default(),
        Scope::Rows { tenants, clients, client_tenants } => (list(tenants), list(clients), list(client_tenants)),
    };
    set(&[
        ("castellan.actor_id", &id(can.actor().user_id)),
        ("castellan.tenant_ids", &tenants),
        ("castellan.client_ids", &clients),
        ("castellan.client_tenant_ids", &client_tenants),
        ("role", can.database_role()),
    ])
}

/// What is not set is empty already, and each statement costs a hundredth of a page.
fn set(settings: &[(&str, &str)]) -> String {
    let wanted = settings.iter().filter(|(_, value)| !value.is_empty());
    wanted.map(|(name, value)| format!("set local {name} = '{}';", value.replace('\'', "''"))).collect()
}

fn id(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// A person is named by id alone, so that the log holds a pseudonym.
fn process_label(actor: &Actor) -> &str {
    match actor.kind {
        ActorKind::Person => "",
        _ => &actor.label,
    }
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

fn open_event(
    conn: &mut PgConnection,
    actor: &Actor,
    action: &Action,
    outcome: &str,
    is_read: bool,
) -> Result<Uuid, AppError> {
    let id = diesel::select(record(
        action.name,
        outcome,
        is_read,
        action.reason.as_deref(),
        action.target_kind,
        action.target_id,
        action.tenant_id,
        action.client_id,
        with_token(&action.details, actor).as_ref(),
    ))
    .get_result(conn)?;
    Ok(id)
}

/// The work was undone with its event, so that it failed is written on its own.
fn record_failure<P: Privilege>(conn: &mut PgConnection, can: &Can<P>, action: &Action) {
    let recorded =
        within(conn, &writing(can), |conn| open_event(conn, can.actor(), action, "failure", false).map(drop));
    if let Err(error) = recorded {
        tracing::error!(action = action.name, %error, "a failed action could not be recorded");
    }
}
