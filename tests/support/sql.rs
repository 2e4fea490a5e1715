//! Statements as the login itself, to arrange what no page can and to look behind the pages.
//!
//! They go through the console's own pool, for the embedded engine has no second connection.

use castellan::db::Db;
use castellan::error::AppError;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use super::TestApp;

impl TestApp {
    /// Executes statements; panics when they fail.
    pub async fn execute(&self, statements: &str) {
        if let Err(error) = self.try_as("none", statements).await {
            panic!("{statements}: {error}");
        }
    }

    /// Executes statements under a role; the error is the database's message.
    pub async fn try_as(&self, role: &str, statements: &str) -> Result<(), String> {
        let statements = format!("set local role {role}; {statements}");
        let done = self.db().ask(move |conn| {
            let done = conn.transaction(|conn| conn.batch_execute(&statements));
            Ok(done.map_err(|error: diesel::result::Error| error.to_string()))
        });
        done.await.expect("the database can be reached")
    }

    /// What a query returns under a role, after statements that set it up; the error is the database's message.
    pub async fn texts_as(&self, role: &str, before: &str, query: &str) -> Result<Vec<String>, String> {
        let (before, query) = (format!("set local role {role}; {before}"), as_text(query));
        let rows = self.db().ask(move |conn| {
            Ok(conn.transaction(|conn| {
                conn.batch_execute(&before)?;
                diesel::sql_query(&query).load::<Row>(conn)
            }))
        });
        let rows = rows.await.expect("the database can be reached");
        rows.map(values).map_err(|error: diesel::result::Error| error.to_string())
    }

    /// The first column of every row, as text; null is empty.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        texts(self.db(), query).await
    }

    /// The one value of a query, as text.
    pub async fn text(&self, query: &str) -> String {
        let mut rows = self.texts(query).await;
        assert_eq!(rows.len(), 1, "{query} has {} rows", rows.len());
        rows.remove(0)
    }

    /// The one number of a query.
    pub async fn number(&self, query: &str) -> i64 {
        self.text(query).await.parse().expect("a number")
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

fn as_text(query: &str) -> String {
    format!("select q.value::text as value from ({query}) as q(value)")
}

fn values(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter().map(|row| row.value.unwrap_or_default()).collect()
}

/// The first column of every row, as text.
pub async fn texts(db: &Db, query: &str) -> Vec<String> {
    let statement = as_text(query);
    let rows = db.ask(move |conn| {
        conn.transaction(|conn| {
            conn.batch_execute("set local role none")?;
            Ok::<Vec<Row>, AppError>(diesel::sql_query(&statement).load(conn)?)
        })
    });
    match rows.await {
        Ok(rows) => values(rows),
        Err(error) => panic!("{query}: {error}"),
    }
}
