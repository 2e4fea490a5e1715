//! Query strings and form bodies as pairs, and the paths that are our own.

use castellan::web::query::{Pairs, encode, own_path};

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    Pairs::parse(text).expect("readable").0
}

#[test]
fn pairs_are_decoded_in_order() {
    let found = pairs(b"b=1&a=x+y&a=%C3%BC&empty=&bare&=nameless&&a=b=c");
    let expected = [("b", "1"), ("a", "x y"), ("a", "ü"), ("empty", ""), ("bare", ""), ("", "nameless"), ("a", "b=c")];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(pairs(b"a=100%&b=%zz&c=%4"), pairs(b"a=100%25&b=%25zz&c=%254"), "a stray percent is itself");
    assert_eq!(pairs(b"a=%+1").first().map(|(_, value)| value.as_str()), Some("% 1"), "a sign is no digit");
    assert!(Pairs::parse(b"name=%FF").expect_err("not UTF-8").starts_with("name "));
    assert!(Pairs::parse(b"%FF=1").is_err());
}

#[test]
fn what_is_encoded_is_decoded_to_the_same() {
    for text in ["", "plain", "a b", "a+b", "100%", "ü&=?#/", "\0\r\n\t", "🦀", "eu-west,us-east", "<\"'>"] {
        assert_eq!(pairs(format!("x={}", encode(text)).as_bytes()), [("x".to_owned(), text.to_owned())]);
    }
    assert_eq!(encode("a,b.c:d/e@f~g_h-i"), "a,b.c:d/e@f~g_h-i", "what people read stays readable");
}

#[test]
fn own_paths_begin_with_one_slash() {
    for path in ["/", "/tenants", "/tenants?q=a&sort=-name", "/a//b", "/tenants?return=//x"] {
        assert_eq!(own_path(Some(path)).as_deref(), Some(path));
    }
    for path in [
        "",
        "tenants",
        "//x",
        "/\\x",
        "\\x",
        "/a\\b",
        "/a\nb",
        "/a\0",
        "/\t/x",
        "https://x",
        &format!("/{}", "a".repeat(2000)),
    ] {
        assert_eq!(own_path(Some(path)), None, "{path}");
    }
    assert_eq!(own_path(None), None);
}
