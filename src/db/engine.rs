//! Which PostgreSQL: a server by address, or the engine inside the process.

use crate::config::Config;
use crate::db::PoolSettings;

/// A reachable PostgreSQL. Dropping an embedded one stops it, so keep it as long as the pool.
pub struct Engine {
    url: String,
    pool: PoolSettings,
    #[cfg(feature = "embedded")]
    embedded: Option<super::embedded::Engine>,
}

impl Engine {
    /// The server of `DATABASE_URL`, else the embedded engine in the data folder.
    pub fn open(config: &Config) -> Result<Engine, String> {
        match &config.database_url {
            Some(url) => Ok(Engine::server(url, config.pool)),
            None => Engine::embedded(config),
        }
    }

    /// A server by address.
    pub fn server(url: &str, pool: u32) -> Engine {
        Engine {
            url: url.to_owned(),
            pool: PoolSettings::of(pool),
            #[cfg(feature = "embedded")]
            embedded: None,
        }
    }

    #[cfg(feature = "embedded")]
    fn embedded(config: &Config) -> Result<Engine, String> {
        let engine = super::embedded::Engine::start(&config.data_dir).map_err(|error| error.to_string())?;
        Ok(Engine::started(engine))
    }

    #[cfg(not(feature = "embedded"))]
    fn embedded(_: &Config) -> Result<Engine, String> {
        Err("DATABASE_URL is missing: this build has no embedded database.".into())
    }

    /// An embedded engine that runs already. It serves one connection, so one is all the pool may have; people wait
    /// longer for it, since long work goes through it too.
    #[cfg(feature = "embedded")]
    pub fn started(engine: super::embedded::Engine) -> Engine {
        let pool = PoolSettings { size: 1, wait: std::time::Duration::from_secs(20) };
        Engine { url: engine.url().to_owned(), pool, embedded: Some(engine) }
    }

    /// For libpq.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many connections it takes.
    pub fn pool(&self) -> PoolSettings {
        self.pool
    }

    /// Whether it is the one inside the process.
    pub fn is_embedded(&self) -> bool {
        #[cfg(feature = "embedded")]
        return self.embedded.is_some();
        #[cfg(not(feature = "embedded"))]
        false
    }
}
