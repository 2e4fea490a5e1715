//! What is asked for when a token is made or replaced.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use crate::web::form::{Check, FieldError, Form};

/// Days from today that the form offers.
const PRESETS: [(i64, &str); 5] =
    [(7, "in a week"), (30, "in 30 days"), (90, "in 90 days"), (180, "in half a year"), (365, "in a year")];
const LONGEST_DAYS: i64 = 365;
const NETWORKS_MAX: usize = 50;
/// What stands for no end.
pub const NEVER: &str = "never";
/// Hours for which a replaced token works on, at most and unless somebody says otherwise.
pub const OVERLAP_HOURS: (i32, i32) = (168, 24);

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whom it is for; none for oneself.
    pub service: Option<Uuid>,
    pub name: String,
    pub scopes: Vec<String>,
    pub expires_at: Option<DbTimestamp>,
    pub allowed_networks: Vec<IpNet>,
    /// Rights that were sent and not offered.
    pub foreign: Vec<String>,
}

/// For whom a token is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    Oneself,
    AService,
}

impl NewToken {
    /// Checks everything; scopes against those that were offered. What was sent and not offered comes along with the
    /// errors, for nobody gets there with the form alone.
    pub fn from_form(form: &Form, whom: For, offered: &[&str]) -> Result<NewToken, (Vec<FieldError>, Vec<String>)> {
        let mut check = form.check();
        let service = match whom {
            For::Oneself => None,
            For::AService => service(&mut check, form),
        };
        let name = check.line("name", 1, 100);
        let sent: Vec<String> = form.all("scopes").map(str::to_owned).collect();
        let (scopes, foreign): (Vec<String>, Vec<String>) =
            sent.into_iter().partition(|scope| offered.contains(&scope.as_str()));
        if scopes.is_empty() && foreign.is_empty() {
            check.refuse("scopes", "must have one or more, or the token opens nothing");
        }
        if !foreign.is_empty() {
            check.refuse("scopes", format!("may only be among your own rights: {}", offered.join(", ")));
        }
        let expires_at = expiry(&mut check, form, whom);
        let allowed_networks = networks(&mut check, form);
        let new = NewToken { service, name, scopes, expires_at, allowed_networks, foreign: Vec::new() };
        check.finish(new).map_err(|errors| (errors, foreign))
    }
}

fn service(check: &mut Check<'_>, form: &Form) -> Option<Uuid> {
    let chosen = form.get("user_id").parse().ok();
    if chosen.is_none() {
        check.refuse("user_id", "must be one of the services");
    }
    chosen
}

fn expiry(check: &mut Check<'_>, form: &Form, whom: For) -> Option<DbTimestamp> {
    if whom == For::AService && form.get("expires_at") == NEVER {
        return None;
    }
    let day = check.day("expires_at")?;
    let now = Timestamp::now();
    let latest = now + SignedDuration::from_hours(24 * LONGEST_DAYS);
    if day.to_jiff() <= now || day.to_jiff() > latest {
        check.refuse("expires_at", format!("must be after today and within {LONGEST_DAYS} days"));
    }
    Some(day)
}

/// Days to choose from, as value and text.
pub fn expiries(whom: For) -> Vec<(String, String)> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |days: i64| today.saturating_add(days.days());
    let mut choices: Vec<(String, String)> =
        PRESETS.iter().map(|(days, text)| (day(*days).to_string(), format!("{text}, on {}", day(*days)))).collect();
    if whom == For::AService {
        choices.push((NEVER.to_owned(), "never".to_owned()));
    }
    choices
}

/// One address or network a line. Every bad line is named.
fn networks(check: &mut Check<'_>, form: &Form) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (place, line) in form.get("allowed_networks").lines().enumerate() {
        let line = line.trim();
        match network(line) {
            _ if line.is_empty() => {}
            Ok(network) => networks.push(network),
            Err(why) => {
                let shown: String = line.chars().take(60).collect();
                check.refuse("allowed_networks", format!("has on line {} “{shown}”, which {why}", place + 1));
            }
        }
    }
    if networks.len() > NETWORKS_MAX {
        check.refuse("allowed_networks", format!("may have {NETWORKS_MAX} lines at most"));
    }
    networks.dedup();
    networks
}

fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let network: IpNet =
        text.parse().map_err(|_| "is no address or network such as 203.0.113.7 or 203.0.113.0/24".to_owned())?;
    match network == network.trunc() {
        true => Ok(network),
        false => Err(format!("has bits beyond its length; that network is {}", network.trunc())),
    }
}

/// What is said when a token is replaced.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub overlap: SignedDuration,
    pub reason: String,
}

impl Rotation {
    /// Checks everything.
    pub fn from_form(form: &Form) -> Result<Rotation, Vec<FieldError>> {
        let mut check = form.check();
        let hours = check.number("overlap_hours", 0, OVERLAP_HOURS.0);
        let reason = check.reason();
        check.finish(Rotation { overlap: SignedDuration::from_hours(hours.into()), reason })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_are_addresses_or_whole_networks() {
        for (text, network) in
            [("203.0.113.7", "203.0.113.7/32"), ("10.0.0.0/8", "10.0.0.0/8"), ("2001:db8::/32", "2001:db8::/32")]
        {
            assert_eq!(super::network(text).unwrap().to_string(), network);
        }
        for text in ["10.0.0", "10.0.0.0/33", "example.com", "10.0.0.1/8", "::1/129", "10.0.0.0/-1", "é"] {
            assert!(super::network(text).is_err(), "{text}");
        }
    }
}
