//! Every statement on analytics.

use castellan_schema::control::client_analytics;
use diesel::prelude::*;
use jiff_diesel::Date;
use uuid::Uuid;

use super::model::{Day, Period};
use crate::error::AppError;

/// The days of the period and of the one before it, oldest first.
pub fn days(conn: &mut PgConnection, client_id: Uuid, period: &Period) -> Result<(Vec<Day>, Vec<Day>), AppError> {
    let (from, to): (Date, Date) = (period.before().into(), period.last.into());
    let days: Vec<Day> = client_analytics::table
        .filter(client_analytics::client_id.eq(client_id).and(client_analytics::day.between(from, to)))
        .order(client_analytics::day)
        .select(Day::as_select())
        .load(conn)?;
    Ok(days.into_iter().partition(|day| day.day.to_jiff() >= period.first))
}
