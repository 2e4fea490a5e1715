//! People who make tenants as fast as they can, and remember which of them the console said are made.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::Person;

/// What came back so far.
#[derive(Default)]
pub struct Load {
    /// Slugs of tenants that were acknowledged.
    pub made: RefCell<Vec<String>>,
    /// Every other status; 0 where no answer came.
    pub failed: RefCell<Vec<u16>>,
    ends: Cell<bool>,
}

impl Load {
    /// Goes on until it is ended; after a failure it is tried again.
    pub async fn run(&self, people: &[Person]) {
        join_all(people.iter().enumerate().map(|(number, person)| self.of_one(number, person))).await;
    }

    async fn of_one(&self, number: usize, person: &Person) {
        for attempt in 0.. {
            if self.ends.get() {
                return;
            }
            let slug = format!("tenant-{number}-{attempt}");
            match person.make_tenant(&slug).await {
                Some(303) => self.made.borrow_mut().push(slug),
                other => {
                    self.failed.borrow_mut().push(other.unwrap_or_default());
                    // Where nobody listens any more the answer comes at once.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Waits until so many more are made.
    pub async fn goes_on(&self, more: usize) {
        let wanted = self.made.borrow().len() + more;
        self.until("tenants are made", || self.made.borrow().len() >= wanted).await;
    }

    /// Waits until so many more have failed.
    pub async fn fails(&self, more: usize) {
        let wanted = self.failed.borrow().len() + more;
        self.until("requests fail", || self.failed.borrow().len() >= wanted).await;
    }

    async fn until(&self, what: &str, reached: impl Fn() -> bool) {
        let began = Instant::now();
        while !reached() {
            let waited = began.elapsed() < Duration::from_secs(60);
            assert!(waited, "not enough {what}: {} made, failed: {:?}", self.made.borrow().len(), self.failed.borrow());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Nobody begins another one.
    pub fn end(&self) {
        self.ends.set(true);
    }

    /// What has to come out empty: tenants that were acknowledged and are not there, and tenants without the event and
    /// the change that made them.
    pub fn lost(&self) -> String {
        let made: Vec<String> = self.made.borrow().iter().map(|slug| format!("('{slug}')")).collect();
        format!(
            "select 'not there: ' || slug from (values {}) made (slug)
                where not exists (select from control.tenants t where t.slug = made.slug)
            union all
            select 'without its event: ' || slug from control.tenants t where slug like 'tenant-%' and 1 <> (
                select count(*) from audit.events e
                    join audit.changes c on c.event_id = e.id and c.occurred_at = e.occurred_at
                    where e.target_id = t.id and e.action = 'tenant.create' and e.outcome = 'success'
                        and c.table_name = 'tenants' and c.op = 'insert' and c.after ->> 'slug' = t.slug)
            union all
            select 'without its tenant: ' || e.id from audit.events e where e.action = 'tenant.create'
                and e.outcome = 'success' and not exists (select from control.tenants t where t.id = e.target_id)
            union all
            select 'without its event: change ' || c.id from audit.changes c
                where not exists (select from audit.events e where e.id = c.event_id and e.occurred_at = c.occurred_at)",
            made.join(", ")
        )
    }
}
