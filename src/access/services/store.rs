//! Every statement on new services.

use castellan_schema::control::users;
use diesel::prelude::*;
use uuid::Uuid;

use crate::access::Manage;
use crate::access::assignments::store::{self as assignments, Resolved};
use crate::db::Tx;
use crate::error::AppError;

/// Makes an active service with its first role. Nobody gives away what they lack.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, name: &str, given: &Resolved) -> Result<(), AppError> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::kind.eq("service"),
            users::email.eq(address(id, name)),
            users::name.eq(name),
            users::status.eq("active"),
        ))
        .execute(&mut **tx)?;
    assignments::insert(tx, Uuid::now_v7(), given)
}

/// Every account has an address of its own. That of a service says what it is called, and no mail gets there.
fn address(id: Uuid, name: &str) -> String {
    const RANDOM: usize = 24;
    let id = id.simple().to_string();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.chain([&id[RANDOM..]]).collect();
    format!("{}@service.invalid", words.join("-").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    #[test]
    fn an_address_is_made_of_any_name() {
        let id = Uuid::from_u128(0xabcd_1234);
        for (name, address) in [
            ("Nightly export", "nightly-export-abcd1234@service.invalid"),
            ("  a@b <c>  ", "a-b-c-abcd1234@service.invalid"),
            ("田中", "abcd1234@service.invalid"),
        ] {
            assert_eq!(super::address(id, name), address);
        }
        assert!(super::address(id, &"x".repeat(200)).len() <= 254);
    }
}
