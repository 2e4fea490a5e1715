//! What a customization's forms take.

use serde_json::{Map, Value};

use super::model::Customization;
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};

/// A customization as typed, for a new one and for an edited one.
#[derive(Debug, Clone)]
pub struct CustomizationValues {
    pub template_id: String,
    pub settings: Value,
    pub brand_primary_color: Option<String>,
    pub brand_logo_url: Option<String>,
}

const SETTINGS_MAX: usize = 100_000;

impl CustomizationValues {
    /// The form's columns, in the order of the form.
    pub const COLUMNS: &'static [&'static str] = &["template_id", "settings", "brand_primary_color", "brand_logo_url"];

    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<CustomizationValues, Vec<FieldError>> {
        let mut check = form.check();
        let values = CustomizationValues::checked(&mut check);
        check.finish(values)
    }

    fn checked(check: &mut Check<'_>) -> CustomizationValues {
        let text = check.text("settings", 0, SETTINGS_MAX);
        CustomizationValues {
            template_id: check.line("template_id", 1, 100),
            settings: settings(&text).unwrap_or_else(|why| {
                check.refuse("settings", why);
                Value::Null
            }),
            brand_primary_color: color(check),
            brand_logo_url: check.address("brand_logo_url", &["https://"]),
        }
    }
}

fn color(check: &mut Check<'_>) -> Option<String> {
    let value = check.optional("brand_primary_color", 7)?;
    let is_color =
        value.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !is_color {
        check.refuse("brand_primary_color", "must be six hexadecimal digits after a hash sign, such as #1f6feb");
    }
    Some(value)
}

/// Settings are an object; left blank they are an empty one. The error says where the text stops being JSON.
fn settings(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    match &value {
        Value::Object(_) if has_nul(&value) => Err("contains the character \\u0000, which cannot be stored".into()),
        Value::Object(_) => Ok(value),
        _ => Err("must be an object in braces, such as {\"headline\": \"Welcome\"}".into()),
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> String {
    let (row, column) = (error.line(), error.column());
    let what = error.to_string();
    let what = what.strip_suffix(&format!(" at line {row} column {column}")).unwrap_or(&what);
    // Columns are counted in bytes; the excerpt ends at the character where reading stopped.
    let line = text.lines().nth(row.saturating_sub(1)).unwrap_or_default();
    let end = (0..=column.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    let tail: String = line[..end].chars().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect();
    format!("is not JSON: {what}, in line {row} at character {}, after “{tail}”", line[..end].chars().count())
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// A customization as edited, and the version it was edited from.
#[derive(Debug, Clone)]
pub struct CustomizationPatch {
    pub version: i32,
    pub values: CustomizationValues,
}

impl CustomizationPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<CustomizationPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = CustomizationPatch { version: check.version(), values: CustomizationValues::checked(&mut check) };
        check.finish(patch)
    }
}

/// The edit form of a stored customization.
pub fn filled(customization: &Customization) -> FormView {
    FormView::filled(&[
        ("version", &customization.version.to_string()),
        ("template_id", &customization.template_id),
        ("settings", &customization.pretty()),
        ("brand_primary_color", customization.brand_primary_color.as_deref().unwrap_or_default()),
        ("brand_logo_url", customization.brand_logo_url.as_deref().unwrap_or_default()),
    ])
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 1] = [(
    "client_customizations_template_id_key",
    "template_id",
    "is customized for this client already; edit that one instead",
)];
