//! The checksum that every record carries: the engine does not look at its own when it reads.

use xxhash_rust::xxh3::Xxh3;

use crate::error::{Result, StoreError};
use crate::table::Table;

/// Bytes that sealing adds to a value.
pub(crate) const CHECKSUM_LENGTH: usize = 8;

/// XXH3-64 over table, key length, key and value: a record moved to another key or table fails too.
fn checksum(table: Table, key: &[u8], value: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut hash = Xxh3::new();
    hash.update(&[table.number()]);
    hash.update(&(key.len() as u64).to_be_bytes());
    hash.update(key);
    hash.update(value);
    hash.digest().to_be_bytes()
}

/// The stored form of a value.
pub(crate) fn seal(table: Table, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(value.len() + CHECKSUM_LENGTH);
    sealed.extend_from_slice(value);
    sealed.extend_from_slice(&checksum(table, key, value));
    sealed
}

/// The value of a stored record, or the damage.
pub(crate) fn open<'a>(table: Table, key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8]> {
    let (value, sum) = sealed
        .split_last_chunk::<CHECKSUM_LENGTH>()
        .ok_or_else(|| StoreError::damaged(table, key, "record shorter than its checksum"))?;
    if *sum != checksum(table, key, value) {
        return Err(StoreError::damaged(
            table,
            key,
            "checksum of the record differs",
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_flipped_bit_of_a_record_is_seen(key in prop::collection::vec(any::<u8>(), 1..40), value in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut sealed = seal(Table::Node, &key, &value);
            prop_assert_eq!(open(Table::Node, &key, &sealed).unwrap(), &value[..]);
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(open(Table::Node, &key, &sealed).is_err());
        }
    }

    #[test]
    fn a_record_under_another_key_or_in_another_table_is_damage() {
        let sealed = seal(Table::Node, b"key", b"value");
        assert!(open(Table::Node, b"kez", &sealed).is_err());
        assert!(open(Table::Blob, b"key", &sealed).is_err());
        assert!(open(Table::Node, b"key", &sealed[..7]).is_err());
        assert!(open(Table::Node, b"key", b"").is_err());
    }
}
