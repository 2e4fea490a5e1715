//! What can be done to a domain besides checking it.

use super::model::DomainOf;
use super::store;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::tenancy::Manage;
use crate::tenancy::tenants::pages::trail;
use crate::web::row_action::{Input, RowAction, Words, on_row};

fn words(of: &DomainOf, noun: &str, title: String, done: String) -> Words {
    Words {
        title,
        done,
        post_to: format!("{}/{noun}", of.domain.url()),
        back_to: format!("{}/domains", of.tenant.url()),
        trail: trail(&of.tenant, "domains", noun),
        typed: None,
    }
}

/// Makes it the tenant's first domain.
pub struct Promotion;

impl RowAction for Promotion {
    on_row!(DomainOf, Manage, store::find);

    fn action(of: &DomainOf) -> Action {
        Action::on("domain.make_primary", "domain", of.domain.id).tenant(of.tenant.id)
    }
    fn words(of: &DomainOf) -> Words {
        let name = &of.domain.domain;
        words(of, "promotion", format!("Make {name} primary"), format!("{name} is the primary domain now."))
    }
    fn sentence(of: &DomainOf, _: &Effect) -> String {
        format!("{} is shown for {} from now on, in place of any other domain.", of.domain.domain, of.tenant.name)
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &DomainOf, _: &Input) -> Result<(), AppError> {
        store::make_primary(tx, &of.domain)
    }
}

/// Gives the claim up.
pub struct Removal;

impl RowAction for Removal {
    on_row!(DomainOf, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(of: &DomainOf) -> Action {
        Action::on("domain.remove", "domain", of.domain.id).tenant(of.tenant.id)
    }
    fn words(of: &DomainOf) -> Words {
        let name = &of.domain.domain;
        words(of, "removal", format!("Remove {name}"), format!("{name} is removed."))
    }
    fn sentence(of: &DomainOf, _: &Effect) -> String {
        let primary = if of.domain.is_primary { " No domain is primary then." } else { "" };
        format!(
            "Any tenant can claim {} then; to claim it again, a new record has to be published.{primary}",
            of.domain.domain
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &DomainOf, _: &Input) -> Result<(), AppError> {
        store::remove(tx, &of.domain)
    }
}
