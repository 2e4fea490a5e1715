//! The page of the log's integrity, and what outsiders take from it.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;

use super::store::{self, State};
use crate::action::Action;
use crate::actor::Can;
use crate::audit::archives::recorded::Recorded;
use crate::audit::archives::store as archived;
use crate::audit::sealer::keys::KeyFile;
use crate::audit::sealer::store::last_checkpoint;
use crate::audit::verifications::store as verifications;
use crate::audit::witnesses::Witnesses;
use crate::audit::{Glance, Verify};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::page::{self, Shell, see_other};

/// A tree that is signed less often than this is not signed at all; at rest it is signed each hour.
const STALE_SECONDS: i64 = 2 * 3600;

#[derive(Template)]
#[template(path = "audit/integrity/show.html")]
struct Show {
    shell: Shell,
    state: State,
    /// The last checkpoint is too old, or there is none though there are leaves.
    is_unsigned: bool,
    /// None where the key lies elsewhere.
    keys: Option<Vec<String>>,
    archives: Vec<Recorded>,
    archive_count: i64,
}

/// Archived months that are listed.
const ARCHIVES: i64 = 24;

pub async fn show(
    can: Can<Glance>,
    context: Context,
    db: Data<Db>,
    keys: Data<KeyFile>,
    witnesses: Data<Witnesses>,
) -> Result<HttpResponse, AppError> {
    let now = Timestamp::now();
    let (state, archives, archive_count) = db
        .read(&can, move |conn| {
            let state = store::state(conn, &witnesses, now)?;
            Ok((state, archived::newest(conn, ARCHIVES)?, archived::count(conn)?))
        })
        .await?;
    let signed = state.checkpoints.iter().map(|signed| signed.created_at.to_jiff()).max();
    let is_unsigned = match signed {
        Some(at) => now.duration_since(at).as_secs() > STALE_SECONDS,
        None => state.size > 0,
    };
    let shell = context.shell("Integrity").under("Audit log", "/audit").under("Integrity", "");
    let keys = keys.public()?.map(|keys| keys.lines().map(str::to_owned).collect());
    page::ok(Show { shell, state, is_unsigned, keys, archives, archive_count }.render())
}

/// Looking is left to a job, which may take minutes.
pub async fn verify(can: Can<Verify>, db: Data<Db>, _: Form) -> Result<HttpResponse, AppError> {
    let action = Action::general("audit_log.verify", "audit_log");
    let added = db.write(&can, action, verifications::request).await?;
    let done = match added {
        true => Flash::ok("The log is being verified. Load this page again in a moment."),
        false => Flash::warn("The log is being verified already."),
    };
    Ok(see_other("/audit/integrity", done))
}

/// The last checkpoint, as witnesses and `castellan audit verify` take it.
pub async fn checkpoint(can: Can<Glance>, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let none = || AppError::Conflict("There is no checkpoint yet: nothing was signed.".into());
    let latest = db.read(&can, last_checkpoint).await?.ok_or_else(none)?;
    Ok(download("castellan-audit-checkpoint.txt", TEXT, latest.note))
}

/// The public keys, which checkpoints are checked with.
pub async fn public_key(_: Can<Glance>, keys: Data<KeyFile>) -> Result<HttpResponse, AppError> {
    let elsewhere = || AppError::Conflict("The public keys lie where the log is sealed, which is not here.".into());
    let keys = keys.public()?.ok_or_else(elsewhere)?;
    Ok(download("castellan-audit-keys.pub", TEXT, keys))
}

const TEXT: &str = "text/plain; charset=utf-8";

pub(super) fn download(name: &str, kind: &'static str, text: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(text)
}
