//! Where checkpoints of the audit log are shown to, so that nobody can take back what was signed.

use std::path::PathBuf;

use lettre::message::Mailbox;
use url::Url;

use super::oidc::is_trusted_way;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// As the setting has it.
    pub name: String,
    pub way: Way,
}

/// How it is shown a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Appended to a file, best one that the other side of a network keeps.
    File(PathBuf),
    /// Posted as it is.
    Post(Url),
    /// Posted with a proof that it goes on from the last one, as C2SP `tlog-witness` has it.
    Cosign(Url),
    /// By mail, once a day.
    Mail(Mailbox),
}

/// The last part of an address that speaks C2SP `tlog-witness`.
const COSIGNS: &str = "/add-checkpoint";

/// From one entry of the setting.
pub fn witness(text: &str) -> Result<Witness, String> {
    const FORM: &str = "must be files such as /mnt/log/checkpoints, addresses such as https://witness.example.com/ and \
         mail addresses, with commas between them";
    let name = text.trim().to_owned();
    let is_file = name.starts_with('/') || name.starts_with("./");
    let way = match Url::parse(&name) {
        _ if is_file && !name.ends_with('/') => Way::File(name.clone().into()),
        Ok(url) if is_trusted_way(&url, true) && url.password().is_none() => {
            if url.path().ends_with(COSIGNS) {
                Way::Cosign(url)
            } else {
                Way::Post(url)
            }
        }
        Ok(_) => return Err(FORM.into()),
        Err(_) => Way::Mail(name.parse().map_err(|_| FORM.to_owned())?),
    };
    Ok(Witness { name, way })
}

impl Witness {
    /// Whether it is reached without TLS, as on the machine of somebody who develops.
    pub fn is_plain(&self) -> bool {
        matches!(&self.way, Way::Post(url) | Way::Cosign(url) if url.scheme() == "http")
    }

    /// What kind of place it is.
    pub fn kind(&self) -> &'static str {
        match self.way {
            Way::File(_) => "file",
            Way::Post(_) | Way::Cosign(_) => "address",
            Way::Mail(_) => "mail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_leads_its_way() {
        let kind = |text: &str| witness(text).map(|witness| witness.kind());
        assert_eq!(kind("/mnt/log/checkpoints"), Ok("file"));
        assert_eq!(kind("./checkpoints"), Ok("file"));
        assert_eq!(kind("https://witness.example.com/log?a=b"), Ok("address"));
        assert_eq!(kind(" Ada <ada@example.com>"), Ok("mail"));
        let cosigns = witness("https://witness.example.com/one/add-checkpoint").expect("an address");
        assert!(matches!(cosigns.way, Way::Cosign(_)));
        for wrong in
            ["", "checkpoints", "/mnt/log/", "http://witness.example.com/", "https://u:p@example.com/", "ftp://x/"]
        {
            assert!(kind(wrong).is_err(), "{wrong}");
        }
    }
}
