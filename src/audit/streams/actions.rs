//! What can be done to a stream besides editing.

use super::model::{Listed, Stream};
use super::store;
use crate::action::{Action, Effect};
use crate::audit::Stream as Manage;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, NumberField, RowAction, Words, on_row};

/// An action on a stream.
pub fn action(name: &'static str, stream: &Stream) -> Action {
    Action::on(name, "audit_stream", stream.id)
}

/// The pages above one that hangs below a stream.
pub fn trail(stream: &Stream, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Audit log".into(), href: "/audit".into() },
        Crumb { label: "Streams".into(), href: "/audit/streams".into() },
        Crumb { label: stream.name.clone(), href: stream.url() },
        Crumb { label: here.into(), href: String::new() },
    ]
}

fn words(stream: &Stream, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} {}", stream.name),
        done: format!("{} {done}.", stream.name),
        post_to: format!("{}/{noun}", stream.url()),
        back_to: stream.url(),
        trail: trail(stream, noun),
        typed: None,
    }
}

/// Stops it.
pub struct Pausing;

impl RowAction for Pausing {
    on_row!(Listed, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(row: &Listed) -> Action {
        action("audit_stream.pause", &row.stream)
    }
    fn words(row: &Listed) -> Words {
        words(&row.stream, "pausing", "Pause", "is paused")
    }
    fn sentence(_: &Listed, _: &Effect) -> String {
        "Nothing is sent until somebody resumes it. Nothing is lost: it goes on where it stops.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Listed, _: &Input) -> Result<(), AppError> {
        store::pause(tx, &row.stream)
    }
}

/// Lets one go on that was paused or gave up.
pub struct Resumption;

impl RowAction for Resumption {
    on_row!(Listed, Manage, store::find);

    fn action(row: &Listed) -> Action {
        action("audit_stream.resume", &row.stream)
    }
    fn words(row: &Listed) -> Words {
        words(&row.stream, "resumption", "Resume", "goes on")
    }
    fn sentence(row: &Listed, _: &Effect) -> String {
        let (leaf, address) = (row.stream.next_leaf, &row.stream.address);
        format!("It goes on with leaf {leaf}. The {} leaves that wait are sent to {address} at once.", row.lag.leaves)
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Listed, _: &Input) -> Result<(), AppError> {
        store::resume(tx, &row.stream)
    }
}

/// Has a stopped one begin with an earlier or a later leaf.
pub struct Resending;

impl RowAction for Resending {
    on_row!(Listed, Manage, store::find);
    const DANGEROUS: bool = true;
    const NUMBER: Option<NumberField> = Some(NumberField {
        name: "leaf",
        label: "First leaf",
        help: "Where it begins when it is resumed. An event's page names its leaf; 0 is the first of the log.",
        min: 0,
        max: i32::MAX,
        default: 0,
    });

    fn action(row: &Listed) -> Action {
        action("audit_stream.resend", &row.stream)
    }
    fn words(row: &Listed) -> Words {
        let title = format!("Send the log to {} again", row.stream.name);
        Words { title, ..words(&row.stream, "resending", "", "begins with another leaf when it is resumed") }
    }
    fn sentence(row: &Listed, _: &Effect) -> String {
        format!(
            "It stands at leaf {}. What lies between an earlier leaf and that one is sent a second time, with the same \
             ids; what lies before a later one is not sent at all.",
            row.stream.next_leaf
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Listed, input: &Input) -> Result<(), AppError> {
        store::resend(tx, &row.stream, input.number.into())
    }
}

/// Forgets a stopped one.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(Listed, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(row: &Listed) -> Action {
        action("audit_stream.delete", &row.stream)
    }
    fn words(row: &Listed) -> Words {
        Words { back_to: "/audit/streams".into(), ..words(&row.stream, "deletion", "Delete", "is deleted") }
    }
    fn sentence(_: &Listed, _: &Effect) -> String {
        "Its place in the log and its secret are forgotten. This cannot be undone; what it sent stays where it is."
            .into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Listed, _: &Input) -> Result<(), AppError> {
        store::delete(tx, &row.stream)
    }
}
