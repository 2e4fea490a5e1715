//! A list as templates draw it: search, filters, chips, sortable heads, neighbours.

use uuid::Uuid;

use super::filters::capped;
use super::list::{Field, FieldKind, List};
use super::query::Pairs;
use crate::db::keyset::{COUNT_CAP, Slice};

impl List {
    /// What the templates draw around the rows.
    pub fn view<T>(&self, slice: &Slice<T>, count: i64) -> ListView {
        let page =
            |cursor: &Option<String>| cursor.as_ref().map(|cursor| self.pairs.with("after", cursor).url(&self.path));
        ListView {
            search: self.spec.search,
            q: self.q.clone().unwrap_or_default(),
            filters: self.spec.fields.iter().map(|field| self.filter_view(field)).collect(),
            chips: self.chips(),
            hidden: self.pairs.0.iter().filter(|(name, _)| name == "sort").cloned().collect(),
            count: capped(count),
            shown: slice.rows.len(),
            is_capped: count > COUNT_CAP,
            unfiltered: self.is_unfiltered(),
            previous: page(&slice.previous),
            next: page(&slice.next),
            csv: self.pairs.without("after").url(&format!("{}.csv", self.path)),
            clear: self.path.clone(),
            here: self.pairs.url(&self.path),
            sort: self.window.sort,
            descending: self.window.descending,
            base: self.pairs.without("after").without("sort"),
            path: self.path.clone(),
        }
    }

    fn filter_view(&self, field: &'static Field) -> FilterView {
        let chosen = self.values(field.name);
        FilterView {
            name: field.name,
            label: field.label,
            choices: match field.kind {
                FieldKind::Choice(all) => all.iter().map(|value| Choice::new(value, value, &chosen)).collect(),
                _ => Vec::new(),
            },
            is_days: matches!(field.kind, FieldKind::Days),
            known: Vec::new(),
            value: chosen.join(","),
        }
    }

    fn chips(&self) -> Vec<Chip> {
        let chip = |label: &str, name: &'static str, value: String| Chip {
            name,
            label: label.to_owned(),
            value,
            remove: self.pairs.without(name).without("after").url(&self.path),
        };
        let search = self.q.iter().map(|q| chip("search", "q", q.clone()));
        let fields = self.spec.fields.iter().filter_map(|field| {
            let values = self.values(field.name);
            (!values.is_empty()).then(|| chip(field.label, field.name, values.join(", ")))
        });
        search.chain(fields).collect()
    }
}

/// Everything around the rows of a list.
#[derive(Debug, Clone)]
pub struct ListView {
    pub search: &'static str,
    pub q: String,
    pub filters: Vec<FilterView>,
    pub chips: Vec<Chip>,
    /// What a filter form must carry along.
    pub hidden: Vec<(String, String)>,
    pub count: String,
    pub shown: usize,
    pub is_capped: bool,
    pub unfiltered: bool,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub csv: String,
    pub clear: String,
    /// The address of this very page, for coming back to it.
    pub here: String,
    sort: &'static str,
    descending: bool,
    base: Pairs,
    path: String,
}

impl ListView {
    /// Where a click on a column's head leads: ascending first, then the other way.
    pub fn sort_url(&self, column: &str) -> String {
        let minus = if self.sort == column && !self.descending { "-" } else { "" };
        self.base.with("sort", &format!("{minus}{column}")).url(&self.path)
    }

    /// The value of `aria-sort`, or empty.
    pub fn aria_sort(&self, column: &str) -> &'static str {
        match (self.sort == column, self.descending) {
            (false, _) => "",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }

    /// What a log calls the pages before and after.
    pub fn turns(&self) -> (&'static str, &'static str) {
        if self.descending { ("Newer", "Older") } else { ("Older", "Newer") }
    }

    /// Offers values for a field that takes any.
    pub fn offer(&mut self, field: &str, known: Vec<String>) {
        for filter in self.filters.iter_mut().filter(|filter| filter.name == field) {
            filter.known.clone_from(&known);
        }
    }

    /// Puts words in the place of the chosen values of a field.
    pub fn word(&mut self, label: &str, value: String) {
        for chip in self.chips.iter_mut().filter(|chip| chip.label == label) {
            chip.value.clone_from(&value);
        }
    }

    /// The same list from its start with one more filter.
    pub fn narrow(&self, field: &str, value: &str) -> String {
        self.base.with(field, value).url(&self.path)
    }

    /// The list's filters at another address.
    pub fn at(&self, path: &str) -> String {
        self.base.url(path)
    }

    /// Gives the ids that a filter takes their names, so that nobody reads or types an id.
    pub fn naming(mut self, field: &str, names: &[(Uuid, String)]) -> ListView {
        for filter in self.filters.iter_mut().filter(|filter| filter.name == field) {
            let chosen: Vec<String> = filter.value.split(',').map(str::to_owned).collect();
            filter.choices = names.iter().map(|(id, name)| Choice::new(&id.to_string(), name, &chosen)).collect();
            for chip in self.chips.iter_mut().filter(|chip| chip.name == field) {
                let known = filter.choices.iter().filter(|choice| choice.chosen);
                let labels: Vec<&str> = known.map(|choice| choice.label.as_str()).collect();
                if labels.len() == chosen.len() {
                    chip.value = labels.join(", ");
                }
            }
        }
        self
    }

    /// `?at=` and this page, for links to what is kept of it.
    pub fn at_here(&self) -> String {
        format!("?at={}", super::query::encode(&self.here))
    }

    /// `?return_to=` and this page, for links to actions on a row.
    pub fn back(&self) -> String {
        format!("?return_to={}", super::query::encode(&self.here))
    }
}

/// One filter with what is chosen.
#[derive(Debug, Clone)]
pub struct FilterView {
    pub name: &'static str,
    pub label: &'static str,
    pub choices: Vec<Choice>,
    pub is_days: bool,
    /// Values to choose from where others can be typed as well.
    pub known: Vec<String>,
    pub value: String,
}

/// One value a filter offers, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

impl Choice {
    fn new(value: &str, label: &str, chosen: &[String]) -> Choice {
        let is_chosen = chosen.iter().any(|one| one == value);
        Choice { value: value.to_owned(), label: label.to_owned(), chosen: is_chosen }
    }
}

/// One chosen filter, and the address without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    pub name: &'static str,
    pub label: String,
    pub value: String,
    pub remove: String,
}
