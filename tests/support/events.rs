//! The audit log as tests read it.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Page, TestApp};

/// One event with the rows it changed.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    pub id: Uuid,
    pub action: String,
    pub outcome: String,
    pub is_read: bool,
    pub reason: Option<String>,
    pub reason_code: Option<String>,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor_label: Option<String>,
    pub session_id: Option<Uuid>,
    pub request_id: Option<Uuid>,
    pub target_kind: String,
    pub target_id: Option<Uuid>,
    pub tenant_id: Option<Uuid>,
    pub details: Value,
    pub database_user: String,
    pub changes: Vec<Change>,
}

/// One changed row: old and new values of the columns that changed.
#[derive(Debug, Clone, Deserialize)]
pub struct Change {
    pub table_name: String,
    pub row_id: Option<Uuid>,
    pub op: String,
    #[serde(default)]
    pub before: Value,
    #[serde(default)]
    pub after: Value,
    pub tenant_id: Option<Uuid>,
}

/// A refusal or trouble.
#[derive(Debug, Clone, Deserialize)]
pub struct SecurityEvent {
    pub severity: String,
    pub actor_id: Option<Uuid>,
    pub network_hash: Option<String>,
    pub details: Value,
}

impl Event {
    /// The changes of one table.
    pub fn of(&self, table: &str) -> Vec<&Change> {
        self.changes.iter().filter(|change| change.table_name == table).collect()
    }
}

/// Where the list of events names its actions.
pub const ACTIONS: &str = "table.listing td:nth-child(3) a";

/// The actions in the list of events that tests made.
pub fn actions(page: &Page) -> Vec<String> {
    assert_eq!(page.status, 200, "{}: {}", page.path, page.message());
    page.texts(ACTIONS).into_iter().filter(|name| name.starts_with("test.")).collect()
}

impl TestApp {
    /// Writes an event as it may have happened, with some columns set. Returns its id.
    pub async fn happened(&self, action: &str, columns: &str, values: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.execute(&format!(
            "insert into audit.events (id, action, actor_kind, target_kind, {columns})
            values ('{id}', '{action}', 'person', 'thing', {values})"
        ))
        .await;
        id
    }

    /// All events of an action, oldest first.
    pub async fn events(&self, action: &str) -> Vec<Event> {
        self.events_where(&format!("e.action = '{action}'")).await
    }

    /// The one event of an action.
    pub async fn event(&self, action: &str) -> Event {
        let mut events = self.events(action).await;
        assert_eq!(events.len(), 1, "{action} has {} events", events.len());
        events.remove(0)
    }

    /// The newest event that is not a read.
    pub async fn last_event(&self) -> Event {
        self.written_events().await.pop().expect("there is an event")
    }

    /// All events that are not reads, oldest first.
    pub async fn written_events(&self) -> Vec<Event> {
        self.events_where("not e.is_read").await
    }

    /// The newest event that is a read.
    pub async fn last_read(&self) -> Event {
        self.events_where("e.is_read and e.action <> 'export.finish'").await.pop().expect("something was read")
    }

    /// All security events of a kind, oldest first.
    pub async fn security_events(&self, kind: &str) -> Vec<SecurityEvent> {
        let rows = format!(
            "select to_jsonb(s) from audit.security_events s where kind = '{kind}' order by s.occurred_at, s.id"
        );
        let rows = self.texts(&rows).await;
        rows.iter().map(|row| serde_json::from_str(row).expect("a security event can be read")).collect()
    }

    /// The one security event of a kind.
    pub async fn security_event(&self, kind: &str) -> SecurityEvent {
        let mut events = self.security_events(kind).await;
        assert_eq!(events.len(), 1, "{kind}: {events:?}");
        events.remove(0)
    }

    /// How many events and changes there are; nothing happened while this stays the same.
    pub async fn log_size(&self) -> (i64, i64) {
        let events = self.number("select count(*) from audit.events where not is_read").await;
        (events, self.number("select count(*) from audit.changes").await)
    }

    async fn events_where(&self, condition: &str) -> Vec<Event> {
        let rows = self
            .texts(&format!(
                "select to_jsonb(e) || jsonb_build_object('changes', coalesce((
                    select jsonb_agg(to_jsonb(c) order by c.position) from audit.changes c where c.event_id = e.id
                ), '[]')) from audit.events e where {condition} order by e.occurred_at, e.id"
            ))
            .await;
        rows.iter().map(|row| serde_json::from_str(row).expect("an event can be read")).collect()
    }
}
