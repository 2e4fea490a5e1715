//! What lies in the database, asked as the login itself.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text};

use super::{Finding, Level, witnesses};
use crate::audit::integrity::guards;
use crate::config::Config;
use crate::db::{Engine, migrate};

/// A rule whose statement returns what breaks it, one text a row.
struct Rule {
    holds: &'static str,
    broken: &'static str,
    level: Level,
    mend: &'static str,
    sql: &'static str,
}

const OLDEST: i64 = 15;

/// Tables of the log that lack months, from so many ahead to so many.
macro_rules! missing_months {
    ($from:literal, $to:literal) => {
        concat!(
            "select parent || '_' || to_char(month, 'YYYY_MM') \
            from unnest(array['events', 'changes', 'security_events']) parent, \
                generate_series(",
            $from,
            ", ",
            $to,
            ") step, lateral (select date_trunc('month', now() at time zone 'UTC') \
                    + make_interval(months => step)) at (month) \
            where not exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid \
                where i.inhparent = to_regclass('audit.' || parent) \
                and c.relname = parent || '_' || to_char(month, 'YYYY_MM')) order by month, parent"
        )
    };
}

const RULES: [Rule; 16] = [
    Rule {
        holds: "extensions: present",
        broken: "extensions are missing",
        level: Level::Fail,
        mend: "install PostgreSQL's contrib modules and run castellan migrate",
        sql: "select name from unnest(array['pg_trgm', 'citext']) name \
            where not exists (select from pg_extension where extname = name)",
    },
    Rule {
        holds: "idle connections: may read no table",
        broken: "idle connections may read",
        level: Level::Fail,
        mend: "revoke that from castellan_web and from public",
        sql: "select c.oid::regclass::text from pg_class c \
            where c.relnamespace in (select oid from pg_namespace where nspname in ('control', 'audit')) \
            and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege('castellan_web', c.oid, 'select')",
    },
    Rule {
        holds: "row level security: forced on every table",
        broken: "row level security is not forced on",
        level: Level::Fail,
        mend: "an owner switched it off: alter table ... force row level security",
        sql: "select c.oid::regclass::text from pg_class c \
            where c.relnamespace in (select oid from pg_namespace where nspname in ('control', 'audit')) \
            and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity) order by 1",
    },
    Rule {
        holds: "recording of changes: on for every watched table",
        broken: "changes are not recorded on",
        level: Level::Fail,
        mend: "an owner switched the trigger off: alter table ... enable always trigger record_change",
        sql: guards::UNRECORDED,
    },
    Rule {
        holds: "audit log: takes no updates and deletions",
        broken: "rows can be changed or taken out of",
        level: Level::Fail,
        mend: "an owner switched the trigger off: alter table ... enable always trigger ..., and castellan audit verify",
        sql: guards::REWRITABLE,
    },
    Rule {
        holds: "months of the audit log: made ahead",
        broken: "these months of the audit log are missing",
        level: Level::Fail,
        mend: "without a month nothing can be written in it: castellan migrate",
        sql: missing_months!(0, 2),
    },
    Rule {
        holds: "months of the audit log: without a gap for most of a year",
        broken: "these months of the audit log were not made yet, or are gone",
        level: Level::Warn,
        mend: "see why the daily job audit.ensure_partitions does not make them, or: castellan migrate",
        sql: missing_months!(3, 10),
    },
    Rule {
        holds: "sealing of the audit log: keeps up",
        broken: "events of the audit log wait to be sealed",
        level: Level::Warn,
        mend: "see that castellan serve or castellan worker --only sealer runs, and what it writes into its log",
        sql: "select count(*) || ' since ' || date_trunc('second', min(queued_at)) from audit.unsealed \
            where queued_at < now() - interval '2 minutes' having count(*) > 0",
    },
    Rule {
        holds: "checkpoints of the audit log: signed",
        broken: "no checkpoint of the audit log was signed",
        level: Level::Warn,
        mend: "see that the process that seals has the file with the key (CASTELLAN_AUDIT_KEY)",
        sql: "select 'since ' || date_trunc('second', max(created_at)) from audit.checkpoints \
            having max(created_at) < now() - interval '2 hours'",
    },
    Rule {
        holds: "streams of the audit log: all deliver",
        broken: "streams of the audit log do not deliver",
        level: Level::Warn,
        mend: "the page of streams says why; nothing is lost, and one that gave up goes on when it is resumed",
        sql: "select name || ' (' || case state when 'dead' then 'gave up' else 'fails' end || coalesce(' since ' \
            || date_trunc('minute', failing_since), '') || ')' from control.audit_streams \
            where state = 'dead' or state = 'active' and failing_since < now() - interval '1 hour' order by name",
    },
    Rule {
        holds: "audit log: was found as it was sealed",
        broken: "audit log: is not what was sealed",
        level: Level::Fail,
        mend: "somebody rewrote it, past the application: the page of its integrity and castellan audit verify say where",
        sql: "select coalesce(findings ->> 0, '') || ' Found ' || date_trunc('second', finished_at) from ( \
            select * from audit.verifications order by finished_at desc limit 1) last where verdict = 'mismatch'",
    },
    Rule {
        holds: "audit log: is verified each day",
        broken: "audit log: was not verified whole for two days",
        level: Level::Warn,
        mend: "see what became of the job audit.verify, and that its process has the public keys beside CASTELLAN_AUDIT_KEY",
        sql: "select 'since ' || coalesce(date_trunc('second', max(finished_at) filter (where verdict <> 'incomplete'))::text, 'it began') \
            from audit.verifications \
            having coalesce(max(finished_at) filter (where verdict <> 'incomplete'), '-infinity') < now() - interval '2 days' \
                and exists (select from audit.leaves where occurred_at < now() - interval '2 days')",
    },
    Rule {
        holds: "founder: there is one who can sign in",
        broken: "no founder can sign in",
        level: Level::Fail,
        mend: "castellan user add --email ... --role founder, or castellan user recover --email ...",
        sql: "select 'none is active' where not exists (select from control.users u \
            join control.held_assignments h on h.user_id = u.id join control.roles r on r.id = h.role_id \
            where r.name = 'founder' and r.deleted_at is null and h.scope_kind = 'platform' \
            and u.status = 'active' and u.is_staff and u.deleted_at is null)",
    },
    Rule {
        holds: "mail and webhooks: none is late",
        broken: "mail and webhooks wait for more than ten minutes",
        level: Level::Warn,
        mend: "see that CASTELLAN_SMTP_URL leads to a mail server, and why their jobs (mail.send) fail; nothing is lost",
        sql: "select count(*) || ' since ' || date_trunc('minute', min(created_at)) from control.outbox \
            where status = 'pending' and created_at < now() - interval '10 minutes' having count(*) > 0",
    },
    Rule {
        holds: "jobs: none was given up",
        broken: "jobs were given up",
        level: Level::Warn,
        mend: "the page of jobs shows their errors and tries them again",
        sql: "select count(*) || ' of kind ' || kind from control.job_queue where status = 'dead' group by kind order by kind",
    },
    Rule {
        holds: "time zones of the database: known",
        broken: "time zones of the database are missing",
        level: Level::Warn,
        mend: "install the time zone data of the server",
        sql: "select name from unnest(array['UTC', 'Europe/Berlin']) as wanted (name) \
            where not exists (select from pg_timezone_names z where z.name = wanted.name)",
    },
];

pub fn examine(config: &Config) -> Vec<Finding> {
    let is_new = config.database_url.is_none() && !config.data_dir.join("postgres").exists();
    if is_new {
        return vec![Finding::ok("embedded database: is made at the first start")];
    }
    let engine = match Engine::open(config) {
        Ok(engine) => engine,
        Err(problem) if problem.starts_with("another process already uses") => {
            return vec![Finding::warn(
                "embedded database: a running castellan holds it",
                "stop that one for a moment to have the database examined",
            )];
        }
        Err(problem) => return vec![Finding::fail(format!("database: {problem}"), "see above all disk and rights")],
    };
    let mut conn = match migrate::connect(engine.url()) {
        Ok(conn) => conn,
        Err(problem) => {
            let mend = "see that the server runs, and look at host, name and password in DATABASE_URL";
            return vec![Finding::fail(problem.trim().replace('\n', " "), mend)];
        }
    };
    let asked = ask(&mut conn, config, &engine);
    asked.unwrap_or_else(|error| {
        vec![Finding::fail(format!("database: {error}"), "look at the rights of the login in DATABASE_URL")]
    })
}

fn ask(conn: &mut PgConnection, config: &Config, engine: &Engine) -> QueryResult<Vec<Finding>> {
    let mut findings = vec![version(conn, engine)?, clock(conn)?];
    if !engine.is_embedded() {
        findings.push(login(conn)?);
        findings.push(connections(conn, config)?);
    }
    wear_the_owner(conn)?;
    let (schema, is_complete) = schema(conn);
    findings.push(schema);
    if is_complete {
        for rule in &RULES {
            findings.push(rule.examine(conn)?);
        }
        findings.extend(witnesses::examine(conn, config));
    }
    Ok(findings)
}

fn version(conn: &mut PgConnection, engine: &Engine) -> QueryResult<Finding> {
    let number: i64 = one(conn, "show server_version_num")?.parse().unwrap_or_default();
    let kind = if engine.is_embedded() { "embedded" } else { "server" };
    let what = format!("database: {kind}, PostgreSQL {}", one(conn, "show server_version")?);
    Ok(match number / 10_000 >= OLDEST {
        true => Finding::ok(what),
        false => Finding::fail(what, format!("PostgreSQL {OLDEST} or newer is needed")),
    })
}

/// Sessions and sign-in links are compared with both clocks.
fn clock(conn: &mut PgConnection) -> QueryResult<Finding> {
    let theirs: f64 = one(conn, "select extract(epoch from clock_timestamp())")?.parse().unwrap_or_default();
    let apart = (jiff::Timestamp::now().as_millisecond() as f64 / 1000.0 - theirs).abs();
    let what = format!("clocks: {apart:.1} s apart");
    Ok(match apart < 5.0 {
        true => Finding::ok(what),
        false => Finding::fail(what, "set the clocks of this machine and of the database by NTP"),
    })
}

fn login(conn: &mut PgConnection) -> QueryResult<Finding> {
    let who = one(conn, "select session_user || ' ' || rolsuper from pg_roles where rolname = session_user")?;
    Ok(match who.split_once(' ') {
        Some((name, "true")) => Finding::warn(
            format!("login {name}: is a superuser, whom row level security does not bind"),
            "make a login of its own: create role castellan login createrole; alter database ... owner to castellan",
        ),
        _ => Finding::ok(format!("login {}: is no superuser", who.trim_end_matches(" false"))),
    })
}

fn connections(conn: &mut PgConnection, config: &Config) -> QueryResult<Finding> {
    let allowed: u32 = one(
        conn,
        "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int",
    )?
    .parse()
    .unwrap_or_default();
    let what = format!("connections: {} of {allowed} that the server allows", config.pool);
    Ok(match config.pool < allowed {
        true => Finding::ok(what),
        false => Finding::fail(what, "lower CASTELLAN_POOL or raise max_connections"),
    })
}

/// A login that is no superuser sees the tables as their owner alone; before the first migration there is none.
fn wear_the_owner(conn: &mut PgConnection) -> QueryResult<()> {
    let owner = "select rolname from pg_roles where rolname = 'castellan_owner' and pg_has_role(oid, 'member')";
    match texts(conn, owner)?.is_empty() {
        true => Ok(()),
        false => conn.batch_execute("set role castellan_owner"),
    }
}

fn schema(conn: &mut PgConnection) -> (Finding, bool) {
    match migrate::pending(conn) {
        Ok(missing) if missing.is_empty() => (Finding::ok("schema: is this version's"), true),
        Ok(missing) => {
            let what = format!("schema: {} migrations are not applied", missing.len());
            (Finding::fail(what, "castellan migrate, or start castellan serve"), false)
        }
        Err(problem) => (Finding::fail(format!("schema: {problem}"), "look at the rights of the login"), false),
    }
}

impl Rule {
    fn examine(&self, conn: &mut PgConnection) -> QueryResult<Finding> {
        let broken = texts(conn, self.sql)?;
        if broken.is_empty() {
            return Ok(Finding::ok(self.holds));
        }
        let what = format!("{}: {}", self.broken, guards::few(&broken));
        Ok(Finding { level: self.level, what, mend: self.mend.to_owned() })
    }
}

fn one(conn: &mut PgConnection, sql: &str) -> QueryResult<String> {
    let sql = match sql.strip_prefix("show ") {
        Some(name) => format!("select current_setting('{name}')"),
        None => sql.to_owned(),
    };
    texts(conn, &sql)?.into_iter().next().ok_or(diesel::result::Error::NotFound)
}

fn texts(conn: &mut PgConnection, sql: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        value: Option<String>,
    }
    let rows: Vec<Row> = sql_query(format!("select q.value::text as value from ({sql}) as q (value)")).load(conn)?;
    Ok(rows.into_iter().filter_map(|row| row.value).collect())
}
