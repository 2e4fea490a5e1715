//! Second factors of people under test.

use jiff::{SignedDuration, Timestamp};

use super::{Page, Person, TestApp};

/// An authenticator app that knows one account.
#[derive(Debug, Clone)]
pub struct Authenticator {
    seed: String,
}

impl Authenticator {
    /// One that scanned a page's picture, or rather had its key typed in.
    pub fn reading(page: &Page) -> Authenticator {
        let key = page.texts("main code").concat().replace(' ', "");
        assert_eq!(key.len(), 32, "{}", page.text());
        Authenticator { seed: key }
    }

    /// What it shows now.
    pub fn code(&self) -> String {
        self.code_in(0)
    }

    /// What it will show this many steps from now, or showed before.
    pub fn code_in(&self, steps: i64) -> String {
        let at = Timestamp::now() + SignedDuration::from_secs(30 * steps);
        let secret = totp_rs::Secret::try_from_base32(&self.seed).expect("a key in base 32");
        let app = totp_rs::Builder::new().with_secret(secret).build().expect("a usual app");
        app.generate(at.as_second().unsigned_abs()).to_string()
    }

    /// The key, as the page shows it without its spaces.
    pub fn key(&self) -> &str {
        &self.seed
    }

    /// Whether a code, such as a guess, is one that would be let in now.
    pub fn would_show(&self, code: &str) -> bool {
        (-1..=1).any(|steps| self.code_in(steps) == code)
    }

    /// A code that does not fit.
    pub fn wrong_code(&self) -> String {
        let mut guesses = (0..10).map(|digit| digit.to_string().repeat(6));
        guesses.find(|guess| !self.would_show(guess)).expect("most codes are wrong")
    }
}

impl TestApp {
    /// Adds an authenticator app on the pages for it. Its next code is that of the step after this.
    pub async fn add_totp(&self, person: &Person) -> Authenticator {
        let page = person.get("/account/factors/totp/new").await;
        assert_eq!(page.status, 200, "{}", page.text());
        let app = Authenticator::reading(&page);
        let answer = person.submit(&page.form().with("code", &app.code())).await;
        assert_eq!(answer.status, 303, "{:?}", answer.errors());
        app
    }

    /// Makes recovery codes on the page for it.
    pub async fn recovery_codes(&self, person: &Person) -> Vec<String> {
        let page = person.post_form("/account/factors/recovery-codes", &[]).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page.texts("#codes").concat().split_whitespace().map(str::to_owned).collect()
    }

    /// Lets time pass for authenticator apps, so that what they show now was not used yet.
    pub async fn codes_are_new(&self) {
        self.execute("update control.user_credentials set last_step = 0 where kind = 'totp'").await;
    }

    /// A browser in which the first step of signing in is done.
    pub async fn halfway(&self, email: &str) -> Person {
        let person = self.anonymous();
        let answer = person.sign_in(email, super::PASSWORD).await;
        assert_eq!((answer.status, answer.location().as_str()), (303, "/sign-in/factor"));
        person
    }
}
