//! Bursts of security events, and what lasts: each minute somebody looks, and people are told of each once.

mod store;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::action::Action;
use crate::actor::Privilege;
use crate::audit::security_events::store::REFUSALS_OF_ONE;
use crate::audit::witnesses::Witnesses;
use crate::db::{Db, SecurityKind};
use crate::error::AppError;
use crate::jobs::{Every, Handlers, Job};

const WATCH: &str = "security.watch";

/// The right to do this; no role contains it.
struct Watch;

impl Privilege for Watch {
    const NAME: &'static str = "security.watch";
    const DESCRIPTION: &'static str = "Look for bursts of security events and tell people of them";
}

/// Looks each minute.
pub fn handlers(witnesses: Witnesses) -> Handlers {
    Handlers::new().on(WATCH, move |job, db| watch(job, db, witnesses.clone())).scheduled(Every::minutes(1), WATCH)
}

/// One burst: what came, from where or by whom, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Burst {
    pub(super) kind: Kind,
    /// The network's hash in hexadecimal digits, a person's id, or `all`.
    pub(super) subject: String,
    pub(super) network: Option<Vec<u8>>,
    pub(super) events: i64,
}

/// What comes in bursts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One network guesses passwords.
    NetworkGuesses,
    /// Many accounts are tried, from wherever.
    Spray,
    /// Far more sign-ins fail than usual.
    Storm,
    /// One person asks for what they may not have.
    PersonProbes,
    /// One network tries API tokens.
    NetworkTokens,
    /// Nobody seals the audit log.
    SealingStall,
    /// A stream of the audit log gave up.
    StreamDead,
    /// A witness has not seen what was signed.
    WitnessStale,
    /// Nobody makes months for the log.
    MonthsShort,
    /// An owner of the tables switched off what keeps the log from being rewritten.
    GuardsOff,
}

impl Kind {
    /// Whether it is told of once, however long it lasts: it is named by what it began with.
    pub(super) fn is_lasting(self) -> bool {
        matches!(self, Kind::SealingStall | Kind::StreamDead | Kind::WitnessStale | Kind::MonthsShort | Kind::GuardsOff)
    }

    fn name(self) -> &'static str {
        match self {
            Kind::NetworkGuesses => "sign_in_failures_from_one_network",
            Kind::Spray => "sign_in_failures_on_many_accounts",
            Kind::Storm => "sign_in_failures_far_above_usual",
            Kind::PersonProbes => REFUSALS_OF_ONE,
            Kind::NetworkTokens => "refused_tokens_from_one_network",
            Kind::SealingStall => "sealing_stands_still",
            Kind::StreamDead => "stream_gave_up",
            Kind::WitnessStale => "witness_has_seen_nothing",
            Kind::MonthsShort => "log_has_no_room",
            Kind::GuardsOff => "guards_of_the_log_are_off",
        }
    }

    /// What it is written down as.
    fn security_kind(self) -> SecurityKind {
        match self {
            Kind::SealingStall | Kind::StreamDead | Kind::WitnessStale | Kind::MonthsShort => {
                SecurityKind::SysMonitorDisabled
            }
            Kind::GuardsOff => SecurityKind::MaliciousLogTampering,
            _ => SecurityKind::MaliciousBurst,
        }
    }

    /// What people are told besides.
    fn advice(self) -> &'static str {
        match self {
            Kind::SealingStall => {
                "Nothing is lost, but what is not sealed can be changed unseen. See that castellan serve or castellan \
                 worker --only sealer runs, and what it writes into its log."
            }
            Kind::StreamDead => {
                "Nothing is lost. The console's page of streams says what went wrong; mend that and resume the stream, and it \
                 goes on where it stopped."
            }
            Kind::WitnessStale => {
                "Nothing is lost, but what no witness has seen can be changed by whoever has the database and the key. \
                 The console's page of integrity says why it does not take checkpoints."
            }
            Kind::MonthsShort => {
                "Nothing is lost yet, but where the log has no month nothing can be done at all. Run castellan migrate, and see why \
                 the daily job audit.ensure_partitions does not make months."
            }
            Kind::GuardsOff => {
                "Whoever owns the tables can rewrite the log now. What was sealed and is changed is found by castellan audit \
                 verify; castellan doctor names every guard that is off and how to switch it on."
            }
            _ => {
                "The console's page of security events shows them. Tries to sign in are slowed down by themselves; \
                 whether somebody must be locked, or a token revoked, is for a person to say."
            }
        }
    }
}

impl Burst {
    /// Whom it is about, if that is one person.
    fn person(&self) -> Option<Uuid> {
        self.subject.parse().ok().filter(|_| self.kind == Kind::PersonProbes)
    }

    /// `60 failed sign-ins from network 1f2e3d4c within 5 minutes`, with the words for a person it is about.
    fn sentence(&self, person: &str) -> String {
        let subject: String = self.subject.chars().take(8).collect();
        let what = match self.kind {
            Kind::NetworkGuesses => format!("failed sign-ins from network {subject}"),
            Kind::Spray => "failed sign-ins on many accounts".to_owned(),
            Kind::Storm => "failed sign-ins, far more than usual,".to_owned(),
            Kind::PersonProbes => format!("refusals of person {person}"),
            Kind::NetworkTokens => format!("refused API tokens from network {subject}"),
            Kind::SealingStall => {
                return format!("Sealing of the audit log stands still; {} or more events wait", self.events);
            }
            Kind::StreamDead => {
                return format!("A stream of the audit log gave up after {} attempts in a day", self.events);
            }
            Kind::MonthsShort => return format!("The audit log has no room from {} on", self.subject),
            Kind::GuardsOff => {
                let guards = if self.events == 1 { "guard of the audit log is" } else { "guards of the audit log are" };
                return format!("{} {guards} off; {}", self.events, self.subject);
            }
            Kind::WitnessStale => {
                return format!(
                    "A witness of the audit log has seen nothing for {} minutes: {}",
                    self.events, self.subject
                );
            }
        };
        format!("{} {what} within {} minutes", self.events, store::MINUTES)
    }
}

async fn watch(job: Job, db: Db, witnesses: Witnesses) -> Result<(), AppError> {
    let (can, now) = (job.can::<Watch>()?, Timestamp::now());
    let bursts = db.read(&can, move |conn| store::untold(conn, &witnesses, now)).await?;
    for burst in bursts {
        let details = json!({ "burst": burst.kind.name(), "subject": burst.subject, "count": burst.events });
        let action = Action::general("security.alert", "security_event").details(details);
        match job.write(&db, &can, action, move |tx| store::tell(tx, &burst, now)).await {
            // Somebody else was quicker, and told them.
            Ok(()) | Err(AppError::Constraint(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
