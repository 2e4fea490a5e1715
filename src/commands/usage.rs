//! What is wrong with a setting, in one sentence that names it and never repeats a secret.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// The sentence for a wrong value; none for help, version and words that are no setting.
pub fn sentence(command: &Command, error: &clap::Error) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return None;
    }
    let usage = text(error, ContextKind::InvalidArg)?;
    let arg = arguments(command).find(|arg| usage.starts_with(&flag(arg)))?;
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let shown = match arg.is_hide_env_values_set() {
        true => "has a value that cannot be used".to_owned(),
        false if value.is_empty() => "is empty".to_owned(),
        false => format!("cannot be “{value}”"),
    };
    Some(format!("{} {shown}: {}.", name(arg), allowed(error)))
}

/// The environment names of all settings.
pub fn settings(command: &Command) -> Vec<String> {
    arguments(command).filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned())).collect()
}

fn allowed(error: &clap::Error) -> String {
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) {
        return format!("it must be one of {}", values.join(", "));
    }
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let said = match source.split_once(" is not in ") {
        Some((_, range)) => format!("must be from {}", range.replace("..=", " to ")),
        None => source,
    };
    match said.starts_with("must") {
        true => format!("it {said}"),
        false => said,
    }
}

/// Subcommands have arguments of their own.
fn arguments(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    Box::new(command.get_arguments().chain(command.get_subcommands().flat_map(arguments)))
}

fn flag(arg: &Arg) -> String {
    arg.get_long().map(|long| format!("--{long} ")).unwrap_or_else(|| arg.get_id().to_string())
}

fn name(arg: &Arg) -> String {
    let flag = flag(arg);
    match arg.get_env() {
        Some(env) => format!("{} ({})", env.to_string_lossy(), flag.trim()),
        None => flag.trim().to_owned(),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}
