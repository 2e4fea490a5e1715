//! Which assignments somebody needs: those by which they hold what they use.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::web::Data;
use diesel::RunQueryDsl;
use uuid::Uuid;

use crate::actor::{Can, Needs, Privilege};
use crate::db::Db;
use crate::db::functions::note_use;

/// What this process has noted within the hour, so that hardly any request writes.
#[derive(Debug, Default)]
pub struct Uses(Mutex<Noted>);

#[derive(Debug)]
struct Noted {
    since: Instant,
    uses: HashSet<(Uuid, &'static str)>,
}

impl Default for Noted {
    fn default() -> Self {
        Noted { since: Instant::now(), uses: HashSet::new() }
    }
}

const HOUR: Duration = Duration::from_secs(3600);

impl Uses {
    fn is_first(&self, user_id: Uuid, privilege: &'static str) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.since.elapsed() > HOUR {
            *noted = Noted::default();
        }
        noted.uses.insert((user_id, privilege))
    }
}

/// Whose right this request uses, if that is not noted yet. Who acts for somebody else uses nothing of their own.
pub fn unnoted<P: Privilege>(can: &Can<P>, request: &HttpRequest) -> Option<Uuid> {
    let actor = can.actor();
    let user_id = actor.user_id.filter(|_| P::NEEDS == Needs::Grant && actor.acting_for.is_none())?;
    let uses = request.app_data::<Data<Uses>>().expect("the app registers its uses");
    uses.is_first(user_id, P::NAME).then_some(user_id)
}

/// Notes it where assignments are read. Nobody is refused because it could not be.
pub async fn note(db: &Db, user_id: Uuid, privilege: &'static str) {
    let noted = db.ask(move |conn| Ok(diesel::select(note_use(user_id, privilege)).get_result::<bool>(conn)?));
    if let Err(error) = noted.await {
        tracing::warn!(privilege, %error, "the use of a right could not be noted");
    }
}
