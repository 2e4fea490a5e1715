//! What shows a thing: the rights that open its pages and lists, read off the table of routes, and the files that may
//! hold it.

use std::collections::BTreeMap;

use super::kinds::{Kind, fill, is_list, is_within, shape};
use super::model::{Presence, Thing};
use crate::actor::Needs;
use crate::web::format::Format;
use crate::web::opening::Opening;

/// Pages that tell of everything: of each of its changes, and of who could see it.
const OF_ALL: [&str; 2] = ["/audit/{id}", "/exposure/{kind}/{id}"];
/// The list of the former.
const LOG: &str = "/audit";

/// Where a right must hold to reach a thing; each reaches it from all the places before, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    Platform,
    /// Where the thing belongs.
    Place,
    Anywhere,
}

impl Reach {
    /// As `control.who_could_see` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Reach::Platform => "platform",
            Reach::Place => "place",
            Reach::Anywhere => "anywhere",
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Shows {
    /// Privileges that show it, and from where.
    pub privileges: BTreeMap<&'static str, Reach>,
    /// Addresses of files that may hold it.
    pub files: Vec<String>,
}

impl Shows {
    /// What showed a thing to whoever held the right. What is gone is told by the log alone, and what was not there yet
    /// by nothing.
    pub fn of(openings: &[Opening], kind: &Kind, thing: &Thing) -> Shows {
        let mut shows = Shows::default();
        let (lists, page) = (lists_of(openings, kind, thing), shape(kind.page));
        for opening in openings.iter().filter(|opening| opening.needs == Needs::Grant) {
            let route = shape(opening.route);
            let listed = lists.iter().filter(|list| is_list(&route, &list.shape));
            let is_own = is_within(&route, &page) || listed.clone().next().is_some();
            let is_log = is_list(&route, LOG);
            let is_of_all = is_log || OF_ALL.iter().any(|page| is_within(&route, &shape(page)));
            match thing.presence {
                Presence::There if is_own || is_of_all => shows.open(opening, kind.is_common && is_own),
                Presence::Gone if is_of_all => shows.open(opening, false),
                _ => {}
            }
            if Format::of(&route) != Format::Page {
                shows.files.extend(listed.map(|list| fill(&route, list.ids.iter().cloned())));
                // What is of the log itself is in its own list.
                shows.files.extend((is_log && kind.is_logged()).then(|| route.clone()));
            }
        }
        shows
    }

    fn open(&mut self, opening: &Opening, from_anywhere: bool) {
        let reach = match (opening.is_platform_only, from_anywhere) {
            (true, _) => Reach::Platform,
            (false, true) => Reach::Anywhere,
            (false, false) => Reach::Place,
        };
        let known = self.privileges.entry(opening.privilege).or_insert(reach);
        *known = reach.max(*known);
    }
}

/// A list that a thing is in.
struct InList {
    shape: String,
    /// For the parameters of its address.
    ids: Vec<String>,
}

/// The page above it and the lists that its kind names.
fn lists_of(openings: &[Opening], kind: &Kind, thing: &Thing) -> Vec<InList> {
    let above = page_above(openings, &shape(kind.page)).map(|shape| InList { shape, ids: kind.ids_above(thing) });
    let named = kind.lists.iter().flat_map(|list| {
        let shape = shape(list);
        let ids: Vec<Vec<String>> = match shape.contains("{}") {
            true => thing.tenant_ids.iter().map(|id| vec![id.to_string()]).collect(),
            false => vec![Vec::new()],
        };
        ids.into_iter().map(move |ids| InList { shape: shape.clone(), ids })
    });
    above.into_iter().chain(named).collect()
}

/// The nearest page on the way up from a shape.
pub fn page_above(openings: &[Opening], page: &str) -> Option<String> {
    let (above, _) = page.rsplit_once('/').filter(|(above, _)| !above.is_empty())?;
    match openings.iter().any(|opening| shape(opening.route) == above) {
        true => Some(above.to_owned()),
        false => page_above(openings, above),
    }
}
