//! Whether witnesses have seen what was signed.

use diesel::PgConnection;
use jiff::Timestamp;

use super::Finding;
use crate::audit::witnesses::Witnesses;
use crate::audit::witnesses::store::standings;
use crate::config::Config;
use crate::error::AppError;

pub fn examine(conn: &mut PgConnection, config: &Config) -> Vec<Finding> {
    if config.audit_witnesses.is_empty() {
        let what = "witnesses of the audit log: none (CASTELLAN_AUDIT_WITNESSES)";
        return vec![match config.is_secure() {
            true => Finding::warn(what, "without one, whoever has the database and the key can write another history"),
            false => Finding::ok(what),
        }];
    }
    ask(conn, config)
        .unwrap_or_else(|error| vec![Finding::fail(format!("witnesses of the audit log: {error}"), "see above")])
}

fn ask(conn: &mut PgConnection, config: &Config) -> Result<Vec<Finding>, AppError> {
    let standings = standings(conn, &Witnesses::of(config)?, Timestamp::now())?;
    let finding = |standing: crate::audit::witnesses::store::Standing| {
        let what = format!("witness of the audit log {}", standing.name);
        let why = standing.trouble.as_ref().and_then(|last| last.answer.clone()).unwrap_or_default();
        match standing.stale_since {
            _ if standing.is_in_conflict() => Finding::fail(
                format!("{what}: has seen another tree. {why}"),
                "castellan audit verify --checkpoint FILE with what it has says what was changed",
            ),
            Some(since) => Finding::fail(
                format!("{what}: has not seen what was signed since {}. {why}", since.to_jiff()),
                "see that it can be reached and written, and that castellan serve or worker runs with this setting",
            ),
            None => Finding::ok(format!("{what}: has seen what was signed")),
        }
    };
    Ok(standings.into_iter().map(finding).collect())
}
