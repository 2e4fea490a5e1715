//! What the form of a domain takes.

use crate::web::form::{ConstraintField, FieldError, Form};

/// A domain to be claimed.
#[derive(Debug, Clone)]
pub struct NewDomain {
    pub domain: String,
}

impl NewDomain {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewDomain, Vec<FieldError>> {
        let mut check = form.check();
        let domain = spelled(form.get("domain")).unwrap_or_else(|why| {
            check.refuse("domain", why);
            String::new()
        });
        check.finish(NewDomain { domain })
    }
}

/// A domain in small letters, or what is wrong with it.
pub fn spelled(typed: &str) -> Result<String, &'static str> {
    let domain = typed.trim().trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = labels.last().copied().unwrap_or_default();
    if domain.is_empty() {
        Err("is required")
    } else if !domain.is_ascii() {
        Err("must be in ASCII; other letters are written as xn--…, such as xn--mnchen-3ya.example for münchen.example")
    } else if domain.contains(['/', ':', '@']) {
        Err("must be a domain alone, such as shop.example.com, without https://, path or @")
    } else if domain.len() > 253 || labels.len() < 2 || !labels.iter().all(is_label) {
        Err("must be a domain such as shop.example.com: letters, digits and hyphens with dots between, up to 253")
    } else if top.len() < 2 || !top.starts_with(|c: char| c.is_ascii_lowercase()) {
        Err("must end in a top-level domain such as .com")
    } else {
        Ok(domain)
    }
}

/// What the table itself refuses; a tenant that the actor may not see keeps its name.
pub const CONSTRAINTS: [ConstraintField; 1] = [("tenant_domains_domain_key", "domain", "belongs to another tenant")];
