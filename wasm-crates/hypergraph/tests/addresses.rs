//! `hypergraph/shard_keys.json` and `hypergraph/field_keys.json` (spec 21 sections 1 and 7).

mod common;

use common::{address, bytes, cases, verdict};
use hypergraph::{
    FieldKeyError, FileIndex, FileIndexError, ShardKey, ShardKeyError, field_key, l1, topic_bloom,
};

#[test]
fn hyp_01_shard_keys_paths_and_blooms() {
    for case in cases("shard_keys.json") {
        let app = address(&case["app_address"]);
        let key = ShardKey::of(&app);
        assert_eq!(l1(&app).to_vec(), bytes(&case["l1"]));
        assert_eq!(key.to_bytes().to_vec(), bytes(&case["shard_key"]));
        assert_eq!(ShardKey::from_bytes(&key.to_bytes()), Ok(key));
        let path: Vec<u64> = key.path().iter().map(|e| u64::from(*e)).collect();
        assert_eq!(serde_json::json!(path), case["path_of_address"]);
        assert_eq!(
            topic_bloom(&app).to_vec(),
            bytes(&case["topic_bloom_256_3"])
        );
    }
}

#[test]
fn hyp_01_a_shard_key_with_other_indices_is_refused() {
    let mut key = ShardKey::registry().to_bytes();
    key[1] = 1;
    assert_eq!(ShardKey::from_bytes(&key), Err(ShardKeyError::Indices));
    assert!(matches!(
        ShardKey::from_bytes(&key[1..]),
        Err(ShardKeyError::Length(_))
    ));
}

#[test]
fn hyp_01_l1_of_any_ordinary_address_is_three_ascending_bytes() {
    for seed in 0u32..20_000 {
        let mut app = [0; 32];
        app[28..].copy_from_slice(&seed.to_be_bytes());
        app[0] = (seed % 64) as u8;
        let [a, b, c] = l1(&app);
        assert!(seed == 0 || (a < b && b < c));
    }
}

#[test]
fn hyp_06_field_keys() {
    for case in cases("field_keys.json") {
        let number = |name: &str| u32::try_from(case[name].as_u64().unwrap()).unwrap();
        let key = field_key(number("order"), number("max_order"));
        if verdict(&case) {
            assert_eq!(key, Ok(bytes(&case["key"])));
        } else {
            assert!(key.is_err());
        }
    }
    assert_eq!(
        field_key(5, 4),
        Err(FieldKeyError::AboveMaximum { order: 5, max: 4 })
    );
}

#[test]
fn file_indexes_round_trip_and_other_lengths_are_refused() {
    let index = FileIndex {
        chunk_size: 1 << 20,
        total_size: 2_500_000,
        blobs: vec![[1; 32], [2; 32], [3; 32]],
    };
    let blob = index.to_bytes().unwrap();
    assert_eq!(blob.len(), index.encoded_length());
    assert_eq!(FileIndex::from_bytes(&blob), Ok(index));
    for length in 0..blob.len() {
        assert!(FileIndex::from_bytes(&blob[..length]).is_err());
    }
    let longer = [&blob[..], &[0]].concat();
    assert!(matches!(
        FileIndex::from_bytes(&longer),
        Err(FileIndexError::Length { count: 3, .. })
    ));
    // A count of 2^32 - 1 asks for 128 GiB: refused before anything is allocated.
    let mut huge = blob;
    huge[24..28].copy_from_slice(&[0xff; 4]);
    assert!(FileIndex::from_bytes(&huge).is_err());
}
