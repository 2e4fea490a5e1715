//! The database dies, or has no room left, while people work: what was acknowledged is there with its event, and the
//! console goes on by itself.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use castellan::audit::sealing::verification::Verdict;

use crate::support::{CHEAP, Cluster, Load, Person, TestApp, TestDatabase, skipped};

async fn people(app: &TestApp) -> Vec<Person> {
    vec![app.admin().await, app.admin().await, app.founder().await]
}

async fn nothing_is_lost(app: &TestApp, load: &Load) {
    assert_eq!(app.texts(&load.lost()).await, [""; 0]);
    app.seal().await;
    let report = app.verify_log(None, None).await;
    assert_eq!(report.verdict, Verdict::Good, "{:?}", report.problems);
}

#[actix_web::test]
async fn a_server_that_is_killed_loses_nothing_and_is_waited_for() {
    let Some(mut cluster) = Cluster::start() else { return };
    let app = TestApp::over(TestDatabase::at(&cluster.url()), CHEAP, |_| {}).await;
    let (people, load) = (people(&app).await, Load::default());
    let killing = async {
        load.goes_on(30).await;
        cluster.kill();
        load.fails(people.len()).await;
        let page = people[0].get("/tenants").await;
        assert_eq!(page.status, 503, "{}", page.text());
        assert_eq!(people[0].get("/readyz").await.status, 503);
        assert_eq!(people[0].get("/livez").await.status, 200, "the console itself is well");
        cluster.start_again();
        load.goes_on(10).await;
        load.end();
    };
    futures_util::join!(load.run(&people), killing);
    let failed = load.failed.borrow().clone();
    assert!(failed.iter().all(|status| *status == 503), "{failed:?}");
    assert_eq!(people[0].get("/readyz").await.status, 200);
    nothing_is_lost(&app, &load).await;
}

/// Takes what room there is, until it is dropped.
struct Ballast(PathBuf);

impl Ballast {
    fn in_folder(folder: &Path) -> Ballast {
        let ballast = Ballast(folder.join("ballast"));
        let mut file = File::create(&ballast.0).expect("a file can be made");
        for size in [1 << 16, 1 << 10] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        ballast
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A file system of some megabytes, gone with the test.
struct Mount(PathBuf);

impl Mount {
    fn over(folder: &Path) -> Option<Mount> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=160m", "tmpfs"]).arg(folder).output();
        mounted.ok().filter(|done| done.status.success()).map(|_| Mount(folder.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[actix_web::test]
async fn a_full_disk_refuses_changes_whole_until_there_is_room() {
    let Some(cluster) = Cluster::start_in(|data| Some(Box::new(Mount::over(data)?))) else {
        return skipped(
            "a full disk needs a server's programs, and a file system of its own, which only root may mount",
        );
    };
    let app = TestApp::over(TestDatabase::at(&cluster.url()), CHEAP, |_| {}).await;
    let (people, load) = (people(&app).await, Load::default());
    let filling = async {
        load.goes_on(10).await;
        let ballast = Ballast::in_folder(&cluster.data);
        load.fails(6).await;
        drop(ballast);
        load.goes_on(10).await;
        load.end();
    };
    futures_util::join!(load.run(&people), filling);
    let failed = load.failed.borrow().clone();
    assert!(failed.contains(&507) && failed.iter().all(|status| *status == 507), "{failed:?}");
    nothing_is_lost(&app, &load).await;
}
