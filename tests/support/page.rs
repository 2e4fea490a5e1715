//! An answer, and how people read it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{HeaderMap, SET_COOKIE};
use scraper::{ElementRef, Html, Selector};

/// What came back.
#[derive(Debug, Clone)]
pub struct Page {
    /// Of the request.
    pub path: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A form with what stands in it.
#[derive(Debug, Clone)]
pub struct FilledForm {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Page {
    /// The body, which must be UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("answers are UTF-8")
    }

    /// A header; empty without one.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("headers are text")).unwrap_or_default()
    }

    /// All `Set-Cookie` headers.
    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap_or_default().to_owned()).collect()
    }

    /// Where it sends people on to; empty for nowhere.
    pub fn location(&self) -> String {
        self.header("location").to_owned()
    }

    /// The parsed body.
    pub fn document(&self) -> Html {
        Html::parse_document(self.text())
    }

    /// Whether it is a page of its own and not a fragment.
    pub fn is_whole(&self) -> bool {
        self.text().contains("<!doctype html>")
    }

    /// The texts of all elements that a selector finds, with single spaces.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        find(&self.document(), selector).into_iter().map(words).collect()
    }

    /// An attribute of all elements that a selector finds.
    pub fn attributes(&self, selector: &str, attribute: &str) -> Vec<String> {
        let document = self.document();
        let found = find(&document, selector).into_iter();
        found.filter_map(|element| element.attr(attribute).map(str::to_owned)).collect()
    }

    /// The title on the page.
    pub fn title(&self) -> String {
        self.texts("h1").join(" ")
    }

    /// The cells of every row of the list.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let document = self.document();
        let cells = parse("td, th[scope=row]");
        let rows = find(&document, "table.listing tbody tr").into_iter();
        rows.map(|row| row.select(&cells).map(words).collect()).collect()
    }

    /// The names in the first column of the list.
    pub fn names(&self) -> Vec<String> {
        self.texts("table.listing tbody tr a.name")
    }

    /// Everything that is to be mended, as listed above the form.
    pub fn errors(&self) -> Vec<String> {
        self.texts(".errors li")
    }

    /// What is wrong with a field, as shown beside it; empty when nothing is.
    pub fn field_error(&self, field: &str) -> String {
        self.texts(&format!("#{field}-help .invalid")).join(" ")
    }

    /// The notice: on a page the one shown, on a redirect the one that the next page will show.
    pub fn flash(&self) -> String {
        let sent = self.set_cookies().into_iter().find_map(|cookie| {
            let value = cookie.strip_prefix("flash=")?.split(';').next()?.to_owned();
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
            Some(text.split_once(' ')?.1.to_owned())
        });
        sent.unwrap_or_else(|| self.texts(".flash").join(" "))
    }

    /// The sentence of an error page.
    pub fn message(&self) -> String {
        self.texts("main .errors p").join(" ")
    }

    /// The address of a link with this text; empty without one.
    pub fn link(&self, text: &str) -> String {
        let document = self.document();
        let mut links = find(&document, "a[href]").into_iter();
        let link = links.find(|link| words(*link) == text);
        link.and_then(|link| link.attr("href")).unwrap_or_default().to_owned()
    }

    /// What stands in the field of a form.
    pub fn value(&self, field: &str) -> String {
        let document = self.document();
        let found = find(&document, &format!("main [name='{field}']"));
        found.first().copied().map(value).unwrap_or_default()
    }

    /// The form of the page's own content that is posted, as a browser would send it.
    pub fn form(&self) -> FilledForm {
        let document = self.document();
        let Some(form) = find(&document, "main form[method=post]").first().copied() else {
            panic!("{} ({}) has no form: {}", self.path, self.status, self.text());
        };
        let named = parse("input[name], select[name], textarea[name]");
        let fields = form.select(&named).filter(|field| {
            !matches!(field.attr("type"), Some("checkbox" | "radio")) || field.attr("checked").is_some()
        });
        FilledForm {
            action: form.attr("action").unwrap_or(&self.path).to_owned(),
            fields: fields.map(|field| (field.attr("name").unwrap_or_default().to_owned(), value(field))).collect(),
        }
    }
}

impl FilledForm {
    /// Types a value into a field.
    pub fn with(mut self, name: &str, value: &str) -> FilledForm {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

fn parse(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"))
}

fn find<'d>(document: &'d Html, selector: &str) -> Vec<ElementRef<'d>> {
    document.select(&parse(selector)).collect()
}

fn words(element: ElementRef<'_>) -> String {
    element.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn value(field: ElementRef<'_>) -> String {
    match field.value().name() {
        "textarea" => field.text().collect(),
        "select" => {
            let options = parse("option");
            let options: Vec<ElementRef<'_>> = field.select(&options).collect();
            let chosen = options.iter().find(|option| option.attr("selected").is_some()).or(options.first());
            let text = chosen.map(|option| option.attr("value").map_or_else(|| words(*option), str::to_owned));
            text.unwrap_or_default()
        }
        _ => field.attr("value").unwrap_or_default().to_owned(),
    }
}
