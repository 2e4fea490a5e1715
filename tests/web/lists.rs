//! The grammar of lists, below HTTP.

use castellan::db::keyset::{Cursor, Window};
use castellan::error::AppError;
use castellan::web::list::{Field, FieldKind, List, ListSpec};
use uuid::Uuid;

static SPEC: ListSpec = ListSpec {
    search: "name",
    fields: &[
        Field { name: "status", label: "status", kind: FieldKind::Choice(&["on", "off"]) },
        Field { name: "made", label: "made", kind: FieldKind::Days },
        Field { name: "owner", label: "owner", kind: FieldKind::Id },
        Field { name: "kind", label: "kind", kind: FieldKind::Text },
    ],
    sorts: &["-made", "name"],
};

fn parse(query: &str) -> Result<List, AppError> {
    List::parse(&SPEC, "/things", query.as_bytes())
}

fn refusal(query: &str) -> String {
    match parse(query) {
        Err(AppError::BadRequest(message) | AppError::Forged { said: message, .. }) => message,
        Err(other) => panic!("{query}: {other}"),
        Ok(_) => panic!("{query} was accepted"),
    }
}

#[test]
fn values_of_one_field_add_up_however_they_are_written() {
    for query in ["status=on,off", "status=on&status=off", "status=+on+,off", "status=on%2Coff"] {
        assert_eq!(parse(query).expect(query).values("status"), ["on", "off"], "{query}");
    }
    assert!(parse("").expect("nothing").is_unfiltered());
    assert!(parse("status=&q=&made=").expect("blank").is_unfiltered(), "blank fields of a form are no filters");
    assert!(!parse("q=x").expect("a search").is_unfiltered());
    assert!(parse("sort=name").expect("a sort").is_unfiltered(), "sorting narrows nothing");
}

#[test]
fn the_first_sort_is_the_usual_one_and_a_minus_turns_it() {
    let window = |query: &str| parse(query).expect(query).window;
    assert_eq!((window("").sort, window("").descending), ("made", true));
    assert_eq!((window("sort=made").sort, window("sort=made").descending), ("made", false));
    assert_eq!((window("sort=-name").sort, window("sort=-name").descending), ("name", true));
}

#[test]
fn refusals_name_the_field_and_what_is_allowed() {
    for (query, words) in [
        ("state=on", vec!["“state”", "status", "made", "owner", "kind"]),
        ("status=on,maybe", vec!["status", "“on,maybe”", "on, off"]),
        ("made=2026-02-30", vec!["made", "“2026-02-30”"]),
        ("made=..", vec!["made"]),
        ("made=2026-01-02..2026-01-01", vec!["made", "not later"]),
        ("owner=me", vec!["owner", "an id"]),
        ("sort=owner", vec!["sort", "made, name"]),
        ("sort=--", vec!["sort"]),
        ("after=%21", vec!["after"]),
        ("q=%FF", vec!["q", "UTF-8"]),
        ("q=a%00b", vec!["q"]),
    ] {
        let message = refusal(query);
        for word in words {
            assert!(message.contains(word), "{query} should name {word}: {message}");
        }
    }
    assert!(refusal(&format!("{}=1", "x".repeat(5000))).len() < 300, "what was sent is quoted in short");
    assert!(parse(&format!("q={}", "ü".repeat(200))).is_ok());
    assert!(refusal(&format!("q={}", "ü".repeat(201))).contains("200"));
}

#[test]
fn wildcards_of_like_are_text() {
    let pattern = |query: &str| parse(query).expect(query).pattern();
    assert_eq!(pattern("q=50%25_a%5Cb").as_deref(), Some("%50\\%\\_a\\\\b%"));
    assert_eq!(pattern("q=++a+"), Some("%a%".to_owned()));
    assert_eq!(pattern(""), None);
}

#[test]
fn days_are_whole_and_either_end_may_be_missing() {
    let span = |text: &str| parse(&format!("made={text}")).expect(text).span("made").expect("a span");
    let moment = |text: &str| Some(text.parse::<jiff::Timestamp>().expect("a moment").into());
    let one = span("2026-01-31");
    assert_eq!((one.from, one.until), (moment("2026-01-31T00:00Z"), moment("2026-02-01T00:00Z")));
    assert_eq!((span("..2026-01-31").from, span("2026-01-31..").until), (None, None));
    let leap = span("2028-02-28..2028-02-29");
    assert_eq!((leap.from, leap.until), (moment("2028-02-28T00:00Z"), moment("2028-03-01T00:00Z")));
    for odd in ["9999-12-31", "-009999-01-01", "0000-01-01..9999-12-31"] {
        let _ = parse(&format!("made={odd}")); // The edge of the calendar must not panic.
    }
}

#[test]
fn cursors_survive_the_way_there_and_back_and_nothing_else_is_one() {
    let id = Uuid::now_v7();
    for key in ["", "plain", "with\nlines\nin it", "ünï 🦀", "%_\\"] {
        for backwards in [false, true] {
            let cursor = Cursor { sort: "name".into(), key: key.into(), id, backwards };
            assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }
    }
    let nul = Cursor { sort: "name".into(), key: "a\0b".into(), id, backwards: false };
    for text in ["", "=", "a", "Pg", "PG5hbWU", "%%%", "ü", &nul.encode(), &"A".repeat(100_000)] {
        assert_eq!(Cursor::decode(text), None, "{text}");
    }
    let made = Cursor { sort: "made".into(), key: "1".into(), id, backwards: false }.encode();
    assert!(parse(&format!("after={made}")).is_ok());
    assert!(refusal(&format!("sort=name&after={made}")).contains("after"));
}

#[test]
fn a_slice_knows_its_neighbours() {
    let at = |cursor: Option<bool>, rows: usize| {
        let cursor = cursor.map(|backwards| Cursor { sort: "n".into(), key: "0".into(), id: Uuid::nil(), backwards });
        let window = Window { sort: "n", descending: false, cursor, rows: 3 };
        let slice = window.slice((0..rows).collect(), |row| (row.to_string(), Uuid::nil()));
        (slice.rows, slice.previous.is_some(), slice.next.is_some())
    };
    assert_eq!(at(None, 0), (vec![], false, false));
    assert_eq!(at(None, 3), (vec![0, 1, 2], false, false));
    assert_eq!(at(None, 4), (vec![0, 1, 2], false, true));
    assert_eq!(at(Some(false), 4), (vec![0, 1, 2], true, true));
    assert_eq!(at(Some(false), 1), (vec![0], true, false));
    assert_eq!(at(Some(true), 4), (vec![2, 1, 0], true, true), "looking back, rows come turned round");
    assert_eq!(at(Some(true), 2), (vec![1, 0], false, true));
}
