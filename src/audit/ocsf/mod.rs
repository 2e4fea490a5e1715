//! The log in the words of the Open Cybersecurity Schema Framework, as other programs read it. What stands where is in
//! docs/audit-export.md.

pub mod store;

use std::io::Write;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::history::Event;
use super::security_events::store::SecurityEvent;
use store::{Change, Recorded};

const SCHEMA: &str = "1.3.0";
/// Entity Management, of category 3, Identity & Access Management.
const ENTITY_MANAGEMENT: u32 = 3004;
/// Detection Finding, of category 2, Findings.
const DETECTION_FINDING: u32 = 2004;
const OTHER: u32 = 99;

/// Writes an event as one line, without its end.
pub fn write_event(recorded: &Recorded, out: &mut Vec<u8>) -> std::io::Result<()> {
    Ok(serde_json::to_writer(out, &entity_management(recorded))?)
}

/// Writes a security event as one line, without its end.
pub fn write_security_event((event, leaf): &(SecurityEvent, Option<i64>), out: &mut Vec<u8>) -> std::io::Result<()> {
    Ok(serde_json::to_writer(out, &detection_finding(event, *leaf))?)
}

/// Writes what stands in the place of an event that is not in the database any more.
pub fn write_gap(leaf: i64, id: Uuid, log: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "{{\"gap\":{{\"leaf\":{leaf},\"uid\":\"{id}\",\"log_name\":\"{log}\"}}}}")
}

#[derive(Serialize)]
struct Line<'e> {
    class_uid: u32,
    category_uid: u32,
    activity_id: u32,
    activity_name: &'e str,
    type_uid: u32,
    severity_id: u8,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    time: i64,
    metadata: Metadata<'e>,
    actor: Actor<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<Api<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<Entity<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding_info: Option<FindingInfo<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'e str>,
    unmapped: Unmapped<'e>,
}

#[derive(Serialize)]
struct Metadata<'e> {
    version: &'static str,
    product: Product,
    uid: Uuid,
    log_name: &'static str,
    event_code: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_uid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_uid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<i64>,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Actor<'e> {
    user: User<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Uid>,
}

#[derive(Serialize)]
struct User<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'e str>,
    /// 1 is a person, 3 a part of the system, 0 nobody known.
    type_id: u8,
}

#[derive(Serialize)]
struct Uid {
    uid: Uuid,
}

#[derive(Serialize)]
struct Api<'e> {
    operation: &'e str,
}

#[derive(Serialize)]
struct Entity<'e> {
    name: &'e str,
    r#type: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Uuid>,
}

#[derive(Serialize)]
struct FindingInfo<'e> {
    uid: Uuid,
    title: &'e str,
    types: [&'e str; 1],
}

#[derive(Serialize, Default)]
struct Unmapped<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_kind: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_actor_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_user: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'e Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    changes: &'e [Change],
    /// The event changed more rows than are listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    changes_cut: bool,
}

/// Erased details are as empty as those that never were.
fn said(details: &Value) -> Option<&Value> {
    Some(details).filter(|details| !details.as_object().is_some_and(Map::is_empty))
}

fn entity_management(recorded: &Recorded) -> Line<'_> {
    let event: &Event = &recorded.event;
    let (activity_id, activity_name) = activity(event);
    let (status_id, status) = if event.outcome == "success" { (1, "Success") } else { (2, "Failure") };
    let (severity_id, severity) = severity(&event.severity);
    Line {
        class_uid: ENTITY_MANAGEMENT,
        category_uid: 3,
        activity_id,
        activity_name,
        type_uid: ENTITY_MANAGEMENT * 100 + activity_id,
        severity_id,
        severity,
        status_id: Some(status_id),
        status: Some(status),
        time: event.occurred_at.to_jiff().as_millisecond(),
        metadata: Metadata {
            correlation_uid: event.request_id,
            tenant_uid: event.tenant_id,
            sequence: recorded.leaf,
            ..Metadata::of(event.id, "events", &event.action)
        },
        actor: actor(event.actor_id, event.actor_label.as_deref(), &event.actor_kind, event.session_id),
        api: Some(Api { operation: &event.action }),
        entity: Some(Entity { name: &event.target_kind, r#type: &event.target_kind, uid: event.target_id }),
        finding_info: None,
        comment: event.reason.as_deref(),
        unmapped: Unmapped {
            outcome: Some(&event.outcome),
            actor_kind: Some(&event.actor_kind),
            effective_actor_id: event.effective_actor_id,
            delegation_id: event.delegation_id,
            impersonation_id: event.impersonation_id,
            client_id: event.client_id,
            reason_code: event.reason_code.as_deref(),
            database_user: Some(&event.database_user),
            network: None,
            details: said(&event.details),
            changes: &recorded.changes,
            changes_cut: recorded.is_cut,
        },
    }
}

fn detection_finding(event: &SecurityEvent, leaf: Option<i64>) -> Line<'_> {
    let (severity_id, severity) = severity(&event.severity);
    Line {
        class_uid: DETECTION_FINDING,
        category_uid: 2,
        activity_id: 1,
        activity_name: "Create",
        type_uid: DETECTION_FINDING * 100 + 1,
        severity_id,
        severity,
        status_id: None,
        status: None,
        time: event.occurred_at.to_jiff().as_millisecond(),
        metadata: Metadata {
            correlation_uid: event.request_id,
            tenant_uid: event.tenant_id,
            sequence: leaf,
            ..Metadata::of(event.id, "security_events", &event.kind)
        },
        actor: actor(event.actor_id, None, "anonymous", event.session_id),
        api: None,
        entity: None,
        finding_info: Some(FindingInfo { uid: event.id, title: &event.kind, types: [&event.kind] }),
        comment: None,
        unmapped: Unmapped {
            network: Some(event.network_key()).filter(|key| !key.is_empty()),
            details: said(&event.details),
            ..Unmapped::default()
        },
    }
}

impl<'e> Metadata<'e> {
    fn of(uid: Uuid, log_name: &'static str, event_code: &'e str) -> Metadata<'e> {
        let product = Product { name: "Castellan", vendor_name: "Castellan", version: env!("CARGO_PKG_VERSION") };
        let (correlation_uid, tenant_uid, sequence) = (None, None, None);
        Metadata { version: SCHEMA, product, uid, log_name, event_code, correlation_uid, tenant_uid, sequence }
    }
}

fn actor<'e>(id: Option<Uuid>, label: Option<&'e str>, kind: &'e str, session: Option<Uuid>) -> Actor<'e> {
    let user = match (id, label) {
        (Some(uid), _) => User { uid: Some(uid), name: None, type_id: 1 },
        (None, Some(label)) => User { uid: None, name: Some(label), type_id: 3 },
        (None, None) => User { uid: None, name: Some(kind), type_id: 0 },
    };
    Actor { user, session: session.map(|uid| Uid { uid }) }
}

/// What is done, by the word after the dot: `tenant.create` is a 1. What the schema has no number for is called by its
/// own name.
fn activity(event: &Event) -> (u32, &str) {
    let verb = event.action.rsplit('.').next().unwrap_or_default();
    match verb {
        _ if event.is_read => (2, "Read"),
        "create" | "add" => (1, "Create"),
        "update" | "edit" => (3, "Update"),
        "delete" | "remove" => (4, "Delete"),
        other => (OTHER, other),
    }
}

fn severity(ours: &str) -> (u8, &'static str) {
    match ours {
        "critical" => (5, "Critical"),
        "warning" => (3, "Medium"),
        _ => (1, "Informational"),
    }
}
