//! The way to the mail server.

use std::time::Duration;

use lettre::address::Address;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::store::Unsent;
use super::{LINK, token};
use crate::config::{Config, Secret};
use crate::error::AppError;
use crate::web::outgoing;

/// A mail server and in whose name it is spoken to.
pub struct Transport {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// What people type, without a path.
    base: String,
    secret: Secret,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Transport {
    /// None when no mail server is configured.
    pub fn of(config: &Config, secret: &Secret) -> Result<Option<Transport>, AppError> {
        let (Some(url), Some(from)) = (&config.smtp_url, &config.mail_from) else { return Ok(None) };
        let unusable = |error: &dyn std::fmt::Display| AppError::Internal(format!("mail settings: {error}"));
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| unusable(&error))?;
        Ok(Some(Transport {
            server: server.timeout(Some(PATIENCE)).build(),
            from: from.parse().map_err(|error| unusable(&error))?,
            base: config.base(),
            secret: secret.clone(),
        }))
    }

    /// Hands a letter to the server. `BadRequest` when it would refuse the same letter again.
    pub async fn send(&self, letter: &Unsent) -> Result<(), AppError> {
        let message = self.message(letter)?;
        self.server.send(message).await.map(drop).map_err(|error| refusal(&error))
    }

    fn message(&self, letter: &Unsent) -> Result<Message, AppError> {
        let address: Address = letter.to.parse().map_err(|error| unsendable(&error))?;
        let name = Some(one_line(&letter.content.name)).filter(|name| !name.is_empty());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, address))
            .subject(one_line(&letter.subject))
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(self.text(letter))
            .map_err(|error| unsendable(&error))
    }

    fn text(&self, letter: &Unsent) -> String {
        let text = &letter.content.text;
        match &letter.content.link {
            Some(path) => {
                let link = format!("{}{path}{}", self.base, token::sign(&self.secret, letter.id));
                // A line of its own, so that a name that says so is not taken for it.
                let lines = text.lines().map(|line| if line == LINK { link.as_str() } else { line });
                lines.collect::<Vec<_>>().join("\n") + "\n"
            }
            None => format!("{text}\n"),
        }
    }
}

/// A header ends with its line, so what comes from people may not hold another.
fn one_line(text: &str) -> String {
    let words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unsendable(error: &dyn std::fmt::Display) -> AppError {
    AppError::BadRequest(format!("The letter cannot be sent: {error}."))
}

/// Refusals of mailbox and content (55x) stay; anything else, such as a wrong password, may be mended.
fn refusal(error: &SmtpError) -> AppError {
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    let why = outgoing::spelled(error);
    match code.starts_with("55") {
        true => AppError::BadRequest(format!("The mail server refused the letter: {why}")),
        false => AppError::Unavailable(format!("the mail server did not take the letter: {why}")),
    }
}
