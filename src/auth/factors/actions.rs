//! Taking one's own factor away.

use super::model::Factor;
use super::store;
use crate::action::{Action, Effect};
use crate::auth::ChangeFactors;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// It cannot be used any more.
pub struct Removal;

impl RowAction for Removal {
    on_row!(Factor, ChangeFactors, store::own);
    const DANGEROUS: bool = true;

    fn action(row: &Factor) -> Action {
        Action::on("factor.remove", "user_credential", row.id)
    }

    fn words(row: &Factor) -> Words {
        Words {
            title: format!("Remove {}", row.label),
            done: format!("{} is removed, and your other sessions have ended.", row.label),
            post_to: format!("/account/factors/{}/removal", row.id),
            back_to: "/account/factors".to_owned(),
            trail: vec![Crumb { label: "Your second factors".into(), href: "/account/factors".into() }],
            typed: None,
        }
    }

    fn sentence(row: &Factor, _: &Effect) -> String {
        format!("{} will not be accepted any more, and your sessions in other browsers end.", row.label)
    }

    fn apply(tx: &mut Tx<'_, ChangeFactors>, row: &Factor, _: &Input) -> Result<(), AppError> {
        store::remove(tx, row)
    }
}
