//! The check whether a tenant has published its record.

use std::sync::Arc;

use serde::Deserialize;
use uuid::Uuid;

use super::resolver::Resolver;
use super::store;
use crate::action::Action;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::Job;
use crate::tenancy::Manage;

/// The kind of job.
pub const VERIFY: &str = "tenancy.verify_domain";

#[derive(Deserialize)]
struct Payload {
    domain_id: Uuid,
}

/// Looks for the record of a domain and writes down what was found; what nobody could answer is written down too.
pub async fn verify(job: Job, db: Db, resolver: Arc<dyn Resolver>) -> Result<(), AppError> {
    let Payload { domain_id } = job.read()?;
    let can = job.can::<Manage>()?;
    let of = match db.read(&can, move |conn| store::find(conn, domain_id)).await {
        Ok(of) => of,
        // It was removed in the meantime, so there is nothing to find out.
        Err(AppError::NotFound) => return Ok(()),
        Err(error) => return Err(error),
    };
    let finding = of.domain.judge(resolver.txt(&of.domain.record_name()).await);
    let action = Action::on("domain.verify", "domain", domain_id).tenant(of.tenant.id);
    job.finish(&db, &can, action, move |tx| store::record(tx, domain_id, &finding)).await
}
