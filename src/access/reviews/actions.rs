//! Closing a campaign before its time.

use diesel::PgConnection;
use uuid::Uuid;

use super::model::Review;
use super::store;
use crate::access::Manage;
use crate::action::{Action, Effect, RowChange};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::filters;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words};

/// An action on a campaign.
pub fn action(name: &'static str, review: &Review) -> Action {
    Action::on(name, "access_review", review.id)
}

/// The pages above one that hangs below a campaign.
pub fn trail(review: &Review, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Reviews".into(), href: "/reviews".into() },
        Crumb { label: review.name.clone(), href: review.url() },
        Crumb { label: here.into(), href: String::new() },
    ]
}

/// Ends what is unanswered and closes it.
pub struct Closing;

impl RowAction for Closing {
    type Row = Review;
    type Needs = Manage;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Review, AppError> {
        store::find(conn, id)
    }
    fn action(review: &Review) -> Action {
        action("access_review.close", review)
    }
    fn words(review: &Review) -> Words {
        Words {
            title: format!("Close {}", review.name),
            done: format!("{} is closed.", review.name),
            post_to: format!("{}/closing", review.url()),
            back_to: review.url(),
            trail: trail(review, "closing"),
            typed: None,
        }
    }
    fn sentence(_: &Review, effect: &Effect) -> String {
        let count = |table: &str| effect.changes.iter().filter(|change| change.table_name == table).count() as i64;
        let ended = match count("assignments") {
            0 => "No assignment ends by it.".into(),
            1 => "One assignment is unanswered and ends at once.".into(),
            ended => format!("{} assignments are unanswered and end at once.", filters::thousands(ended)),
        };
        let stays = |change: &RowChange| change.after.as_ref().is_some_and(|after| after["outcome"] == "last_founder");
        let founder = match effect.changes.iter().any(stays) {
            true => " The last founder, for whom nobody answered, stays.",
            false => "",
        };
        format!("{ended}{founder} From then on nothing of the review changes.")
    }
    fn apply(tx: &mut Tx<'_, Manage>, review: &Review, _: &Input) -> Result<(), AppError> {
        store::close_now(tx, review)
    }
}
