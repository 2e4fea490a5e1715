//! What can be done to a deployment.

use super::model::Deployment;
use super::store;
use crate::action::{Action, Effect};
use crate::clients::Deploy;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// Ends a deployment before it is live.
pub struct Cancellation;

impl RowAction for Cancellation {
    on_row!(Deployment, Deploy, store::find);
    const DANGEROUS: bool = true;

    fn action(deployment: &Deployment) -> Action {
        Action::on("client_deployment.cancel", "client_deployment", deployment.id)
            .tenant(deployment.tenant_id)
            .client(deployment.client_id)
    }
    fn words(deployment: &Deployment) -> Words {
        Words {
            title: format!("Cancel {}", deployment.name()),
            done: format!("The deployment of {} is cancelled.", deployment.name()),
            post_to: format!("{}/cancellation", deployment.page()),
            back_to: deployment.page(),
            trail: vec![
                Crumb { label: "Clients".into(), href: "/clients".into() },
                Crumb { label: "deployments".into(), href: deployment.list_url() },
                Crumb { label: deployment.name(), href: deployment.page() },
                Crumb { label: "cancellation".into(), href: String::new() },
            ],
            typed: None,
        }
    }
    fn sentence(deployment: &Deployment, _: &Effect) -> String {
        format!("The deployment ends where it is ({}). What is live stays live.", deployment.state())
    }
    fn apply(tx: &mut Tx<'_, Deploy>, deployment: &Deployment, input: &Input) -> Result<(), AppError> {
        store::cancel(tx, deployment, &input.reason)
    }
}
