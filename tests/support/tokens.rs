//! API tokens, made by people on their pages, and what programs get with them.

use castellan::access::assignments::model::Principal;
use castellan::access::assignments::store::Resolved;
use castellan::access::people::role_by_name;
use castellan::access::services::store;
use castellan::action::Action;
use castellan::commands::setup;
use reqwest::Method;
use uuid::Uuid;

use super::{Page, Person, TestApp};

/// A token as its owner copied it.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: Uuid,
    pub text: String,
}

impl Token {
    /// As the page shows it that answers the form.
    pub fn shown_on(page: &Page) -> Token {
        assert_eq!(page.status, 201, "{:?} {}", page.errors(), page.text());
        let text = page.texts("code#token").join("");
        let url = page.link("I have copied it");
        let id = url.rsplit('/').next().and_then(|id| id.parse().ok()).expect("it leads to the token's page");
        Token { id, text }
    }
}

impl Person {
    /// Makes a token of one's own for these rights; `more` are other fields of the form.
    pub async fn make_token(&self, scopes: &[&str], more: &[(&str, &str)]) -> Token {
        let form = self.get("/account/tokens/new").await.form();
        let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let typed: Vec<(&str, &str)> = [("name", "Nightly export")]
            .into_iter()
            .filter(|(name, _)| !more.iter().any(|(other, _)| name == other))
            .chain(more.iter().copied())
            .collect();
        fields.retain(|(name, _)| !typed.iter().any(|(other, _)| name == other));
        fields.extend(scopes.iter().map(|scope| ("scopes", *scope)));
        fields.extend(typed);
        Token::shown_on(&self.post_form("/account/tokens", &fields).await)
    }
}

impl TestApp {
    /// What a program with this token is answered.
    pub async fn read_with(&self, text: &str, path: &str) -> Page {
        let program = self.anonymous();
        program.send(program.request(Method::GET, path).bearer_auth(text)).await
    }

    /// The status of an answer that may not come.
    pub async fn execute_raw(&self, request: reqwest::Request) -> Result<reqwest::StatusCode, reqwest::Error> {
        // A client of its own, for the connection may be cut.
        super::person::http().execute(request).await.map(|answer| answer.status())
    }

    /// A service that holds just these privileges, everywhere.
    pub async fn service(&self, name: &str, privileges: &[&str]) -> Uuid {
        let (id, role, name) = (Uuid::now_v7(), self.role_of(privileges).await, name.to_owned());
        let can = setup::authority("test").expect("commands may make services");
        let action = Action::on("user.create_service", "user", id).reason("test");
        let made = self.db().write(&can, action, move |tx| {
            let role_id = role_by_name(tx, &role)?;
            store::insert(tx, id, &name, &Resolved::everywhere(role_id, Principal::Person(id), "test"))
        });
        made.await.expect("a service can be made");
        id
    }
}
