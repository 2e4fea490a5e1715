//! Ending an override before its time.

use super::model::OverrideOf;
use super::store;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::tenancy::ManagePolicies;
use crate::tenancy::tenants::pages::trail;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// The tenant's own policy holds again.
pub struct Removal;

impl RowAction for Removal {
    on_row!(OverrideOf, ManagePolicies, store::find);

    fn action(of: &OverrideOf) -> Action {
        Action::on("policy_override.remove", "policy_override", of.one.id).tenant(of.tenant.id)
    }
    fn words(of: &OverrideOf) -> Words {
        let label = of.one.label();
        Words {
            title: format!("End override of {label}"),
            done: format!("{label} is as {} set it again.", of.tenant.name),
            post_to: format!("{}/removal", of.one.url()),
            back_to: format!("{}/policies", of.tenant.url()),
            trail: trail(&of.tenant, "policies", "override"),
            typed: None,
        }
    }
    fn sentence(of: &OverrideOf, _: &Effect) -> String {
        format!("The policy of {} holds again from now on.", of.tenant.name)
    }
    fn apply(tx: &mut Tx<'_, ManagePolicies>, of: &OverrideOf, _: &Input) -> Result<(), AppError> {
        store::end(tx, &of.one)
    }
}
