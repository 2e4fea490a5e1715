//! Asking again and again for a while, by many at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use castellan::actor::Actor;
use castellan::db::Db;

use crate::Failure;
use crate::bare::{Page, Sample};
use crate::server::Server;

/// What came of it.
pub struct Rate {
    pub each_second: f64,
    pub half: Duration,
    pub nearly_all: Duration,
}

impl Rate {
    fn of(mut times: Vec<Duration>, lasted: Duration) -> Result<Rate, Failure> {
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied();
        let (Some(half), Some(nearly_all)) = (at(50), at(99)) else { return Err("nothing was answered".into()) };
        Ok(Rate { each_second: times.len() as f64 / lasted.as_secs_f64(), half, nearly_all })
    }
}

/// Pages over kept-alive connections, compressed as browsers want them.
pub fn pages(server: &Server, address: &str, crowd: usize, lasts: Duration) -> Result<Rate, Failure> {
    let began = Instant::now();
    let times = std::thread::scope(|scope| {
        let asking: Vec<_> =
            (0..crowd).map(|_| scope.spawn(move || one_asks(server, address, began + lasts))).collect();
        asking.into_iter().map(|one| one.join().expect("nobody panics")).collect::<Result<Vec<_>, Failure>>()
    })?;
    Rate::of(times.concat(), began.elapsed())
}

fn one_asks(server: &Server, address: &str, until: Instant) -> Result<Vec<Duration>, Failure> {
    let (mut client, mut times) = (server.client()?, Vec::new());
    while Instant::now() < until {
        let began = Instant::now();
        let answer = client.get(address, true)?;
        if answer.status != 200 {
            return Err(format!("{address} answers with {}", answer.status).into());
        }
        times.push(began.elapsed());
    }
    Ok(times)
}

/// The statements of a page through a pool of the same size, and nothing around them.
pub async fn bare(
    db: &Db,
    actor: Arc<Actor>,
    page: Page,
    sample: &Sample,
    crowd: usize,
    lasts: Duration,
) -> Result<Rate, Failure> {
    let (began, sample) = (Instant::now(), Arc::new(sample.clone()));
    let asking: Vec<_> = (0..crowd)
        .map(|_| {
            let (db, actor, sample) = (db.clone(), actor.clone(), sample.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while began.elapsed() < lasts {
                    let one = Instant::now();
                    page.ask(&db, &actor, &sample).await?;
                    times.push(one.elapsed());
                }
                Ok::<_, castellan::error::AppError>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for one in asking {
        times.extend(one.await??);
    }
    Rate::of(times, began.elapsed())
}
