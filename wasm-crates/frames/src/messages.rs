//! Signed strings of votes and timeouts (spec 30 section 5). The filter is empty for the global
//! chain and the shard address for an app shard.

use crate::Address;

/// Domain of votes: `global`, or `appshard` and the filter.
pub fn vote_domain(filter: &[u8]) -> Vec<u8> {
    domain(filter, b"global", b"appshard")
}

/// Message of a vote: filter, identity, rank.
pub fn vote_message(filter: &[u8], identity: &Address, rank: u64) -> Vec<u8> {
    [filter, identity, &rank.to_be_bytes()].concat()
}

/// Domain of timeouts: `globaltimeout`, or `appshardtimeout` and the filter.
pub fn timeout_domain(filter: &[u8]) -> Vec<u8> {
    domain(filter, b"globaltimeout", b"appshardtimeout")
}

/// Message of a timeout: filter, rank, rank of the newest certificate known.
pub fn timeout_message(filter: &[u8], rank: u64, newest_qc_rank: u64) -> Vec<u8> {
    [filter, &rank.to_be_bytes(), &newest_qc_rank.to_be_bytes()].concat()
}

fn domain(filter: &[u8], global: &[u8], shard: &[u8]) -> Vec<u8> {
    if filter.is_empty() {
        global.to_vec()
    } else {
        [shard, filter].concat()
    }
}
