//! A witness that is asked over HTTPS: with the checkpoint alone, or as C2SP `tlog-witness` has it, with a proof that it
//! goes on from the last one that the witness has seen.

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use url::Url;

use super::store::{self, Due};
use super::{Answer, Show};
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::outgoing;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 16 * 1024;
/// Begins the line of a signature.
const SIGNS: &str = "\u{2014} ";

/// One of them.
pub struct Endpoint<'a> {
    pub db: &'a Db,
    pub can: &'a Can<Show>,
    pub client: &'a reqwest::Client,
    pub url: &'a Url,
    pub is_cosigned: bool,
}

/// What it said.
struct Said {
    status: StatusCode,
    text: String,
}

impl Endpoint<'_> {
    /// Shows it the checkpoint.
    pub async fn show(&self, due: &Due) -> Result<Answer, AppError> {
        if !self.is_cosigned {
            return Ok(match self.send(due.note.clone()).await {
                Ok(said) if said.status.is_success() => Answer::Accepted(said.signatures()),
                Ok(said) if said.status == StatusCode::CONFLICT => Answer::Conflict(said.sentence()),
                Ok(said) => Answer::Failed(said.sentence()),
                Err(why) => Answer::Failed(why),
            });
        }
        let answer = match self.add(due, due.seen).await? {
            // It knows better than we do which was its last.
            Ok(said) => match said.newer().filter(|size| said.status == StatusCode::CONFLICT && *size != due.seen) {
                Some(size) if size <= due.size => self.add(due, size).await?,
                Some(size) => {
                    let why = format!("It has seen a tree of {size} leaves, this one has {}.", due.size);
                    let is_ours = self.db.read(self.can, move |conn| store::has_signed(conn, size)).await?;
                    return Ok(if is_ours { Answer::Failed(why) } else { Answer::Conflict(why) });
                }
                None => Ok(said),
            },
            failed => failed,
        };
        Ok(answer.map_or_else(Answer::Failed, |said| match said.status {
            StatusCode::OK => Answer::Accepted(said.signatures()),
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => Answer::Conflict(said.sentence()),
            _ => Answer::Failed(said.sentence()),
        }))
    }

    /// With the proof that it goes on from the tree of an older size.
    async fn add(&self, due: &Due, older: i64) -> Result<Result<Said, String>, AppError> {
        let size = due.size.cast_unsigned();
        let proof = self.db.read(self.can, move |conn| store::proof(conn, size, older.cast_unsigned())).await?;
        let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
        Ok(self.send(format!("old {older}\n{lines}\n{}", due.note)).await)
    }

    async fn send(&self, body: String) -> Result<Said, String> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "text/plain; charset=utf-8").body(body);
        let mut answer = request.send().await.map_err(explain)?;
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(explain)? {
            if text.len() + chunk.len() > LONGEST {
                return Err(format!("Its answer is longer than {LONGEST} bytes."));
            }
            text.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&text).replace('\0', "");
        Ok(Said { status: answer.status(), text })
    }
}

impl Said {
    fn signatures(&self) -> Option<String> {
        let lines: Vec<&str> = self.text.lines().filter(|line| line.starts_with(SIGNS)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The size of the tree that it has seen.
    fn newer(&self) -> Option<i64> {
        self.text.trim().parse().ok().filter(|size| *size >= 0)
    }

    fn sentence(&self) -> String {
        let first: String = self.text.lines().next().unwrap_or_default().chars().take(200).collect();
        format!("It answers {}: {first}", self.status.as_u16()).trim_end_matches([':', ' ']).to_owned() + "."
    }
}

fn explain(error: reqwest::Error) -> String {
    outgoing::spelled(&error.without_url())
}
