//! The one error type of a request, and how database errors become one.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::action::Effect;

/// Why a request could not be answered as asked. `web::errors` turns it into a page with the real status.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// 404; also what lies outside the asker's row scope.
    #[error("not found")]
    NotFound,
    /// 404; a sentence that says what there is instead.
    #[error("{0}")]
    Unknown(String),
    /// Nobody is signed in, or the session has ended.
    #[error("sign-in needed")]
    SignIn,
    /// 401; the session ended under a form: what was typed, to be sent again after signing in.
    #[error("sign-in needed before this form")]
    SignInFirst(Vec<(String, String)>),
    /// The person must add a second factor before anything else.
    #[error("a second factor must be added first")]
    EnrolFirst,
    /// 403; a token whose owner must add a second factor before anything else.
    #[error("the owner of the token must add a second factor first")]
    OwnerMustEnrol,
    /// The session is not elevated.
    #[error("elevation needed")]
    Elevate,
    /// 401; the session is not elevated under a form: what was typed, to be sent again afterwards.
    #[error("elevation needed before this form")]
    ElevateFirst(Vec<(String, String)>),
    /// What is read is logged, and the person must say why first.
    #[error("a reason for reading is needed")]
    ReasonWanted,
    /// 403; the same for a program.
    #[error("a reason for reading is needed in a header")]
    TokenReasonWanted,
    /// 403; the time in which they acted for somebody else is over, and they have not gone back to themselves.
    #[error("acting for somebody else is over")]
    ActingOver,
    /// 403; something of one's own, while acting for somebody else.
    #[error("only as oneself")]
    OnlyAsOneself,
    /// A part of a page was asked for that was made in another name than the session has by now.
    #[error("the page was made in another name")]
    OtherName,
    /// 403; closed to whoever impersonates somebody, or a change by one who only looks: what was typed, to be sent again
    /// as oneself.
    #[error("not open while impersonating")]
    NotWhileImpersonating { is_look: bool, typed: Vec<(String, String)> },
    /// 403; the privilege that is missing.
    #[error("the privilege {0} is missing")]
    Forbidden(&'static str),
    /// 403; the request did not come from our own pages.
    #[error("{0}")]
    CrossSite(&'static str),
    /// 401; why an API token is not accepted, which the log says and the answer does not.
    #[error("the token is refused: {why}")]
    TokenRefused { why: &'static str, token_id: Option<uuid::Uuid> },
    /// 403; a token was sent to a page that is for people.
    #[error("tokens are not taken here")]
    NotForTokens,
    /// 400; a sentence that names the field and what is allowed.
    #[error("{0}")]
    BadRequest(String),
    /// 400; the same about what no page of ours sends. What that is is noted, without what was sent.
    #[error("{said}")]
    Forged { what: &'static str, said: String },
    /// 409; the row has another version by now.
    #[error("changed by somebody else")]
    Stale,
    /// 409; what the action would change is not what was shown.
    #[error("the effect is no longer what was shown")]
    EffectChanged(Box<Effect>),
    /// The same form was sent before; where its first result is.
    #[error("already done")]
    AlreadyDone(String),
    /// 409; a sentence saying why the action does not fit the state.
    #[error("{0}")]
    Conflict(String),
    /// 409; somebody would decide about what is their own. It is noted, and answered as a conflict.
    #[error("{0}")]
    OwnMatter(String),
    /// A named constraint refused the values; forms map it to a field.
    #[error("constraint {0}")]
    Constraint(String),
    /// 422; a rule that needs the database refused the value of this field.
    #[error("{0} {1}")]
    Refused(&'static str, String),
    /// 422; a value that the form does not offer. It is noted, and answered as `Refused`.
    #[error("{0} {1}")]
    NotOffered(&'static str, String),
    /// 413.
    #[error("{0}")]
    TooLarge(&'static str),
    /// 415.
    #[error("{0}")]
    WrongType(&'static str),
    /// 429; seconds to wait.
    #[error("too many requests")]
    TooMany(u32),
    /// 503; the database is busy or away.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// 507; the disk of the database is full.
    #[error("no room: {0}")]
    NoRoom(String),
    /// 500; the cause is logged, never shown.
    #[error("internal: {0}")]
    Internal(String),
}

impl AppError {
    /// Something was sent that is no text, as the sentence says.
    pub fn no_text(said: String) -> AppError {
        AppError::Forged { what: "text that is not UTF-8", said }
    }
}

impl From<DieselError> for AppError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => AppError::NotFound,
            DieselError::DatabaseError(kind, info) => from_database(kind, info.as_ref()),
            // The connection broke before the transaction could end, one way or the other.
            DieselError::BrokenTransactionManager => AppError::Unavailable(error.to_string()),
            DieselError::RollbackErrorOnCommit { commit_error, .. } => (*commit_error).into(),
            other => AppError::Internal(other.to_string()),
        }
    }
}

/// What the server or the client's library says when the one is busy or the other has lost it.
const AWAY: [&str; 8] = [
    "canceling statement due to",
    "terminating connection",
    "server closed the connection",
    "no connection to the server",
    "connection not open",
    "could not receive data from server",
    "could not send data to server",
    "SSL connection has been closed",
];

fn from_database(
    kind: DatabaseErrorKind,
    info: &(dyn diesel::result::DatabaseErrorInformation + Send + Sync),
) -> AppError {
    let message = info.message();
    match kind {
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::ForeignKeyViolation => {
            AppError::Constraint(info.constraint_name().unwrap_or_default().to_owned())
        }
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction => {
            AppError::Unavailable(message.to_owned())
        }
        DatabaseErrorKind::SerializationFailure => {
            AppError::Conflict("Somebody else changed the same rows at the same moment. Try again.".into())
        }
        _ if message == "the session has ended" => AppError::SignIn,
        _ if message == "acting for somebody else is over" => AppError::ActingOver,
        // Forms name the field; this is for what comes any other way, such as in a path.
        _ if message.starts_with("invalid byte sequence for encoding") => {
            AppError::BadRequest("What was sent contains a NUL byte, which no text may contain.".into())
        }
        _ if message == "deadlock detected" => {
            AppError::Conflict("Somebody else changed the same rows at the same moment. Try again.".into())
        }
        // Rows outside of the asker's scope are not there, for making them either.
        _ if message.starts_with("new row violates row-level security policy") => AppError::NotFound,
        // Authority is written by those whose right holds everywhere; see `grants.sql`.
        _ if message.starts_with("permission denied for ") => {
            tracing::warn!(message, "a write was refused by the database's own grants");
            AppError::Forbidden("to change this for the whole platform")
        }
        _ if AWAY.iter().any(|words| message.starts_with(words)) => AppError::Unavailable(message.to_owned()),
        _ if message.contains("No space left on device") => AppError::NoRoom(message.to_owned()),
        _ => AppError::Internal(message.to_owned()),
    }
}
