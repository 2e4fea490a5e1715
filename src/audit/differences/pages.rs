//! The page of what changed in a tenant between two moments.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::model::{self, Group};
use super::store::{self, Latest};
use crate::actor::Can;
use crate::audit::events::diff::Cell;
use crate::audit::events::pages::Words;
use crate::audit::net::{self, Folded};
use crate::audit::{View, states};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::form::FormView;
use crate::web::list::{Field, FieldKind, List, ListSpec, Span};
use crate::web::page::{self, Shell};

/// Two moments, and one kind of objects.
const ASKED: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "between", label: "between", kind: FieldKind::Days },
        Field { name: "kind", label: "kind", kind: FieldKind::Text },
    ],
    sorts: &["kind"],
};

/// How far back changes are looked for, unless somebody says otherwise.
const DAYS: i64 = 30;
/// Changes that are folded at a time.
const COUNTED: usize = 10_000;
/// Objects of a kind that are spelled out beside others, and alone.
const SHOWN: usize = 50;
const SHOWN_ALONE: usize = 1000;

#[derive(Template)]
#[template(path = "audit/differences/show.html")]
struct Show {
    shell: Shell,
    form: FormView,
    from: Option<jiff_diesel::Timestamp>,
    until: jiff_diesel::Timestamp,
    /// The same for the part of the time before this one, where it is looked at in parts.
    earlier: Option<String>,
    groups: Vec<Group>,
    /// Objects that were made and removed again.
    passing: i64,
    words: Words,
    kind: Option<String>,
    list: List,
    /// The log of the same stretch.
    log: String,
}

impl Show {
    /// An object as it was at the end, when the stretch ends before now.
    fn state_url(&self, row_id: &Uuid) -> String {
        states::url(*row_id, self.until)
    }

    /// One kind alone.
    fn of_kind(&self, kind: &str) -> String {
        self.list.with("kind", kind).at_start()
    }

    fn of_all_kinds(&self) -> String {
        self.list.toggle("kind", self.kind.as_deref().unwrap_or_default())
    }
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (id, list) = (*id, List::of(&ASKED, &context)?);
    let now = Timestamp::now();
    let span = list.span("between").unwrap_or_else(|| since(now));
    if span.from.is_some_and(|from| from.to_jiff() > now) {
        return Err(AppError::BadRequest("between cannot begin in the future.".into()));
    }
    let kind = list.values("kind").first().cloned();
    let most = if kind.is_some() { SHOWN_ALONE } else { SHOWN };
    let (only, asked) = (kind.clone(), list.clone());
    let (tenant, rest, groups, passing, words) = db
        .read(&can, move |conn| {
            let tenant = store::tenant(conn, id)?;
            let Latest { changes, rest } = store::latest(conn, id, span, only.as_deref(), COUNTED)?;
            let Folded { rows, passing } = net::fold(changes);
            let groups = model::groups(rows, most);
            let mut words = Words::of(conn, &asked, &[])?;
            words.learn(conn, &model::ids(&groups))?;
            Ok((tenant, rest, groups, passing, words))
        })
        .await?;
    let (name, slug) = tenant;
    let shell = context
        .shell(format!("What changed in {name}"))
        .under("Audit log", "/audit")
        .under(slug, format!("/tenants/{id}"))
        .under("changes", "");
    let ends: Option<Timestamp> = span.until.map(|until| until.to_jiff() - SignedDuration::from_micros(1));
    let between = spelled(span);
    let rest = rest.map(|at| just_after(at.to_jiff()));
    let earlier = rest.map(|until| list.with("between", &spelled(Span { until: Some(until), ..span })).at_start());
    let page = Show {
        shell,
        form: FormView::filled(&[("between", &between)]),
        from: rest.or(span.from),
        until: ends.unwrap_or(now).min(now).into(),
        earlier,
        groups,
        passing: passing as i64,
        words,
        kind,
        log: format!("/audit?tenant={id}&occurred={between}"),
        list: list.with("between", &between),
    };
    page::ok(page.render())
}

/// The first moment that the log tells apart from this one.
fn just_after(at: Timestamp) -> jiff_diesel::Timestamp {
    (at + SignedDuration::from_micros(1)).into()
}

/// The latest days, from a whole second on, for people read it.
fn since(now: Timestamp) -> Span {
    let from = Timestamp::from_second(now.as_second()).unwrap_or(now) - SignedDuration::from_hours(24 * DAYS);
    Span { from: Some(from.into()), until: None }
}

/// `2026-11-01T00:00:00Z..`, as the field takes it.
fn spelled(span: Span) -> String {
    let end = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    format!("{}..{}", end(span.from), end(span.until))
}
