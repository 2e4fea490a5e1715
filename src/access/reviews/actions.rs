//! Closing a campaign before its time.

use diesel::PgConnection;
use uuid::Uuid;

use super::model::Review;
use super::store;
use crate::access::Manage;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
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
        let ended = effect.changes.iter().filter(|change| change.table_name == "assignments").count();
        match ended {
            0 => "Nothing is unanswered. The campaign is closed, and nothing of it changes any more.".into(),
            1 => "One assignment is unanswered and ends at once. Nothing of the campaign changes any more.".into(),
            _ => format!(
                "{ended} assignments are unanswered and end at once. Nothing of the campaign changes any more."
            ),
        }
    }
    fn apply(tx: &mut Tx<'_, Manage>, review: &Review, _: &Input) -> Result<(), AppError> {
        store::close_now(tx, review)
    }
}
