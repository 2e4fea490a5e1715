//! `castellan demo`: made-up data to look at and to measure with. Set-based SQL, so that a million events load in a
//! stroke; one transaction, one event.

use std::time::{Duration, Instant};

use clap::Args;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::setup;
use crate::auth::password::{Cost, Passwords};
use crate::config::Config;
use crate::db::functions::{record, set_config};
use crate::db::{Db, Engine, migrate};
use crate::error::AppError;

/// How much to make up.
#[derive(Debug, Clone, Copy, Args)]
pub struct Amounts {
    /// Tenants, with their people, domains, policies and workspaces
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub tenants: u32,
    /// Clients, with their customizations, deployments and analytics
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=5_000_000))]
    pub clients: u32,
    /// Events in the audit log, besides those that brought the tenants into their states
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(0..=20_000_000))]
    pub events: u32,
}

impl Amounts {
    /// What an empty database gets at the first start.
    pub const FIRST_START: Amounts = Amounts { tenants: 40, clients: 200, events: 2000 };

    /// Beyond this the row changes of the load are not recorded one by one, and its event says so.
    fn is_quiet(&self) -> bool {
        self.tenants.max(self.clients) > 10_000
    }
}

const STEPS: [(&str, &str); 9] = [
    ("helpers", include_str!("demo/helpers.sql")),
    ("words", include_str!("demo/words.sql")),
    ("tenants", include_str!("demo/tenants.sql")),
    ("people", include_str!("demo/people.sql")),
    ("access", include_str!("demo/access.sql")),
    ("clients", include_str!("demo/clients.sql")),
    ("deployments", include_str!("demo/deployments.sql")),
    ("operations", include_str!("demo/operations.sql")),
    ("events", include_str!("demo/events.sql")),
];
const QUIET: &str = include_str!("demo/quiet.sql");
const FINISH: &str = include_str!("demo/finish.sql");

/// Migrates, makes roles and founder, and loads.
pub async fn run(config: Config, amounts: Amounts) -> Result<(), String> {
    let engine = Engine::open(&config)?;
    migrate::migrate(engine.url())?;
    prepare(&config, &engine).await?;
    let began = Instant::now();
    load(engine.url(), amounts, |step, took| println!("{step:12} {:6.1} s", took.as_secs_f64()))?;
    println!(
        "{} tenants, {} clients and {} events are loaded, in {:.1} s.",
        amounts.tenants,
        amounts.clients,
        amounts.events,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Makes roles and founder, which the load builds on. Its pool ends before the load begins: the embedded engine has
/// one connection.
pub async fn prepare(config: &Config, engine: &Engine) -> Result<Option<(Uuid, String)>, String> {
    let explain = |error: AppError| error.to_string();
    let db = Db::connect(engine.url(), engine.pool()).map_err(explain)?;
    let passwords = Passwords::new(Cost::default()).map_err(explain)?;
    setup::prepare(&db, config, &passwords).await.map_err(explain)
}

/// Loads when there is no tenant at all, deleted ones counted. Returns whether it did.
pub fn load_if_empty(url: &str) -> Result<bool, String> {
    let is_empty = is_empty(url)?;
    if is_empty {
        load(url, Amounts::FIRST_START, |_, _| ())?;
    }
    Ok(is_empty)
}

/// Whether there is no tenant at all, deleted ones counted.
pub fn is_empty(url: &str) -> Result<bool, String> {
    use castellan_schema::control::tenants::dsl::{id, tenants};
    let any: QueryResult<bool> = migrate::connect(url)?.transaction(|conn| {
        conn.batch_execute("set local role castellan_owner")?;
        diesel::select(diesel::dsl::exists(tenants.select(id))).get_result(conn)
    });
    any.map(|any| !any).map_err(explain)
}

/// Loads through a connection of its own. Tells of each step how long it took.
pub fn load(url: &str, amounts: Amounts, told: impl FnMut(&str, Duration)) -> Result<(), String> {
    let mut conn = migrate::connect(url)?;
    load_into(&mut conn, amounts, told).map_err(explain)?;
    if amounts.is_quiet() {
        // Until the server does so by itself, counts would look at every row.
        conn.batch_execute("set role castellan_owner").and_then(|()| conn.batch_execute("vacuum")).map_err(explain)?;
    }
    Ok(())
}

/// Loads in one transaction; what is there already stays.
pub fn load_into(conn: &mut PgConnection, amounts: Amounts, mut told: impl FnMut(&str, Duration)) -> QueryResult<()> {
    conn.transaction(|conn| {
        begin(conn, amounts)?;
        if amounts.is_quiet() {
            conn.batch_execute(QUIET)?;
        }
        for (name, sql) in STEPS.into_iter().chain([("finish", FINISH)]) {
            let began = Instant::now();
            conn.batch_execute(sql)?;
            told(name, began.elapsed());
        }
        Ok(())
    })
}

/// Who acts and the event that the rows belong to.
fn begin(conn: &mut PgConnection, amounts: Amounts) -> QueryResult<()> {
    conn.batch_execute(
        "set local client_min_messages = warning; set local timezone = 'UTC'; set local jit = off; \
         set local work_mem = '64MB'; set local role none; create schema demo authorization castellan_owner; \
         set local role castellan_owner",
    )?;
    diesel::select((
        set_config("castellan.actor_kind", "command", true),
        set_config("castellan.actor_label", "demo", true),
        set_config("castellan_demo.tenants", amounts.tenants.to_string(), true),
        set_config("castellan_demo.clients", amounts.clients.to_string(), true),
        set_config("castellan_demo.events", amounts.events.to_string(), true),
    ))
    .execute(conn)?;
    let mut details = json!({ "tenants": amounts.tenants, "clients": amounts.clients, "events": amounts.events });
    if amounts.is_quiet() {
        details["row_changes"] = json!("not recorded one by one: the load is too large");
    }
    let event = record(
        "demo.load",
        "success",
        false,
        Some("made-up data"),
        "database",
        None::<Uuid>,
        None::<Uuid>,
        None::<Uuid>,
        &details,
    );
    let _: Uuid = diesel::select(event).get_result(conn)?;
    Ok(())
}

fn explain(error: impl std::fmt::Display) -> String {
    format!("The demo data could not be loaded: {error}")
}
