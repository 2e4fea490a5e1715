//! The program dies while people work.

use super::process::Process;
use crate::support::{Load, Person, skipped};

/// What was acknowledged is there, with its event; what was not is there whole or not at all.
#[actix_web::test]
async fn what_was_acknowledged_before_a_crash_is_there_with_its_event() {
    if std::env::var("TEST_DATABASE_URL").unwrap_or_default().is_empty() {
        return skipped("writing at the same time needs TEST_DATABASE_URL, for the embedded engine has one connection");
    }
    let mut process = Process::start(&["serve"]);
    let mut people = vec![signed_in(&process, &process.said).await];
    for number in 1..4 {
        let email = format!("admin{number}@example.com");
        let (status, said) = process.run(&["user", "add", "--email", &email, "--name", "Admin", "--role", "admin"]);
        assert_eq!(status, 0, "{said}");
        people.push(signed_in(&process, &said).await);
    }
    let load = Load::default();
    let dying = async {
        load.goes_on(30).await;
        process.kill();
        load.fails(people.len()).await;
        load.end();
    };
    futures_util::join!(load.run(&people), dying);
    assert!(load.failed.borrow().iter().all(|status| *status == 0), "{:?}", load.failed.borrow());
    assert_eq!(texts(&process, &load.lost()), [""; 0]);
    assert!(load.made.borrow().len() >= 30);
    // Leaves and rows agree, though the sealer died too.
    let (status, report) = process.run(&["audit", "verify"]);
    assert_eq!(status, 0, "{report}");
}

/// By the link in what the program printed.
async fn signed_in(process: &Process, said: &str) -> Person {
    let place = said.find("/sign-in/link/").unwrap_or_else(|| panic!("no link in {said}"));
    let path = said[place..].split_whitespace().next().unwrap_or_default();
    let person = Person::at(&format!("http://{}", process.address));
    let answer = person.get(path).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    person
}

fn texts(process: &Process, query: &str) -> Vec<String> {
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        value: String,
    }
    let database = process.database.as_ref().expect("it runs on the server");
    let mut conn = castellan::db::migrate::connect(database.engine().url()).expect("the database can be reached");
    let rows: Vec<Row> =
        diesel::sql_query(format!("select q.value from ({query}) as q (value)")).load(&mut conn).expect("an answer");
    rows.into_iter().map(|row| row.value).collect()
}
