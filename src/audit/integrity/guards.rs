//! The triggers that keep the log from being rewritten, and changes from going unrecorded. Owners of the tables can switch
//! them off; what they do then is found by verification, and that they can is said here.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::error::AppError;

/// Tables of the log and months of it that lack a guard, or have it in some modes of a session only.
pub const REWRITABLE: &str = "select c.oid::regclass || ' (' || wanted || ')' \
    from pg_class c cross join unnest(array['refuse_rewrite', 'refuse_truncate', 'await_sealing', 'note_erasure', \
        'only_announced']) wanted \
    where c.relnamespace = 'audit'::regnamespace and c.relkind in ('r', 'p') and case wanted \
        when 'await_sealing' then coalesce((select inhparent from pg_inherits where inhrelid = c.oid), c.oid) \
            in ('audit.events'::regclass, 'audit.security_events'::regclass) \
        when 'note_erasure' then c.relname in ('events', 'changes', 'security_events') \
        when 'only_announced' then c.relname = 'erasures' \
        else true end \
    and not exists (select from pg_trigger t join pg_proc f on f.oid = t.tgfoid where t.tgrelid = c.oid \
        and t.tgname = wanted and t.tgenabled = 'A' and f.pronamespace = c.relnamespace) \
    order by c.oid::regclass::text, wanted";

/// Watched tables whose changes are not recorded, or in some modes of a session only.
pub const UNRECORDED: &str = "select c.oid::regclass::text from pg_class c \
    where c.relnamespace = 'control'::regnamespace and c.relkind in ('r', 'p') and c.relname not in \
        ('login_attempts', 'idempotency_keys', 'deployment_tracking_events', 'client_analytics', 'api_token_usage', \
        'ceremonies', 'security_alerts') \
    and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'record_change' \
        and t.tgenabled = 'A' and t.tgfoid = 'audit.record_change'::regproc) \
    order by 1";

#[derive(QueryableByName)]
struct Off {
    #[diesel(sql_type = Text)]
    guard: String,
}

/// Guards that are off, of the log and of the recording of changes.
pub fn off(conn: &mut PgConnection) -> Result<Vec<String>, AppError> {
    let statement = format!(
        "select guard from ({REWRITABLE}) rewritable (guard) \
        union all select guard || ' (record_change)' from ({UNRECORDED}) unrecorded (guard)"
    );
    let off: Vec<Off> = sql_query(statement).load(conn)?;
    Ok(off.into_iter().map(|off| off.guard).collect())
}

/// The first of a list, and how many more there are.
pub fn few(guards: &[String]) -> String {
    const NAMED: usize = 5;
    let named = guards.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match guards.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
