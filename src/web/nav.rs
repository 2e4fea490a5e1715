//! The left navigation: which areas there are, who sees them, and the counts beside them.

use std::collections::HashMap;
use std::sync::RwLock;

use crate::actor::Actor;

/// One entry, declared by the domain it leads to.
#[derive(Debug, Clone, Copy)]
pub struct NavItem {
    pub label: &'static str,
    pub href: &'static str,
    /// The letter that goes there after `g`; empty for none.
    pub key: &'static str,
    /// Shown to those who hold it.
    pub privilege: &'static str,
    /// Its count is something to do, not a size.
    pub due: bool,
}

/// A titled group of entries.
#[derive(Debug, Clone)]
pub struct NavGroup {
    pub label: &'static str,
    pub items: Vec<NavItem>,
}

/// All groups, and the latest counts by `href`, which a task refreshes.
pub struct Nav {
    groups: Vec<NavGroup>,
    counts: RwLock<HashMap<&'static str, i64>>,
}

/// What templates draw.
#[derive(Debug, Clone)]
pub struct NavArea {
    pub label: &'static str,
    pub entries: Vec<NavEntry>,
}

/// One drawn entry.
#[derive(Debug, Clone)]
pub struct NavEntry {
    pub label: &'static str,
    pub href: &'static str,
    pub key: &'static str,
    pub count: String,
    pub due: bool,
    pub current: bool,
}

impl Nav {
    /// No counts yet.
    pub fn new(groups: Vec<NavGroup>) -> Nav {
        Nav { groups, counts: RwLock::default() }
    }

    /// Replaces the counts. Zero is not shown for what is due.
    pub fn set_counts(&self, counts: HashMap<&'static str, i64>) {
        if let Ok(mut held) = self.counts.write() {
            *held = counts;
        }
    }

    /// What the navigation calls an address.
    pub fn label_of(&self, href: &str) -> Option<&'static str> {
        let items = self.groups.iter().flat_map(|group| &group.items);
        items.into_iter().find(|item| item.href == href).map(|item| item.label)
    }

    /// The first entry that these privileges open.
    pub fn first_with(&self, opens: impl Fn(&str) -> bool) -> Option<&'static str> {
        let items = self.groups.iter().flat_map(|group| &group.items);
        items.into_iter().find(|item| opens(item.privilege)).map(|item| item.href)
    }

    /// What this actor may open, with the area of `path` marked. Counts are of the whole platform, so only those
    /// who see all of it see them.
    pub fn areas(&self, actor: &Actor, path: &str) -> Vec<NavArea> {
        let counts = self.counts.read().ok();
        let count = |item: &NavItem| {
            let counts = counts.as_ref().filter(|_| actor.holds_everywhere(item.privilege))?;
            counts.get(item.href).copied().filter(|count| *count > 0 || !item.due)
        };
        // One area may lie below another one.
        let is_above = |href: &str| path == href || (href != "/" && path.starts_with(&format!("{href}/")));
        let hrefs = self.groups.iter().flat_map(|group| &group.items).map(|item| item.href);
        let current = hrefs.filter(|href| is_above(href)).max_by_key(|href| href.len());
        let entry = |item: &NavItem| NavEntry {
            label: item.label,
            href: item.href,
            key: item.key,
            count: count(item).map(super::filters::capped).unwrap_or_default(),
            due: item.due,
            current: Some(item.href) == current,
        };
        let area = |group: &NavGroup| NavArea {
            label: group.label,
            entries: group.items.iter().filter(|item| actor.holds(item.privilege)).map(entry).collect(),
        };
        self.groups.iter().map(area).filter(|area| !area.entries.is_empty()).collect()
    }
}
