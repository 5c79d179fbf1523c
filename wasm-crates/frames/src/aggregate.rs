//! Checks of an aggregate signature that global and app headers share.

use std::sync::Arc;

use bls48581::PublicKey;

use crate::check::Check;
use crate::committee::{Committee, Selection};
use crate::header::AggregateSignature;

/// Bytes of a BLS signature.
pub const SIGNATURE_LENGTH: usize = 74;
/// Bytes of a BLS key.
pub(crate) const KEY_LENGTH: usize = 585;

/// No bit beyond the committee (spec 11 section 4.4; both reference validators ignore such bits).
pub(crate) fn check_bitmask(selection: &Selection, committee: &Committee) -> Check {
    let beyond: Vec<u32> = selection
        .bits
        .iter()
        .copied()
        .skip(selection.members.len())
        .collect();
    let reason = beyond.first().map(|first| {
        format!(
            "{} bits are set beyond the {} members, the first is {first}",
            beyond.len(),
            committee.members().len()
        )
    });
    Check::new("bitmask", "11 section 4.4", reason)
}

/// The embedded key is the sum of the members' keys that the bitmask names. With a match the sum
/// is returned: it needs no decoding and no subgroup test.
pub(crate) fn check_aggregate_key(
    signature: &AggregateSignature,
    selection: &Selection,
    committee: &Committee,
    section: &'static str,
) -> (Check, Option<Arc<PublicKey>>) {
    let embedded = signature.key_bytes();
    let sum = committee.key_sum(&selection.members);
    let reason = match &sum {
        _ if embedded.is_empty() => Some("the header carries no aggregate key".into()),
        _ if selection.members.is_empty() => Some("the bitmask names no member".into()),
        None => Some("the keys of the members named add up to the identity".into()),
        Some(key) if key.to_bytes() != embedded => Some(format!(
            "the embedded key is not the sum of the keys of members {:?}",
            selection.members
        )),
        Some(_) => None,
    };
    let key = sum.filter(|_| reason.is_none());
    (Check::new("aggregate_key", section, reason), key)
}

/// BLS verification under a key already decoded, or under the embedded bytes.
pub(crate) fn verify_signature(
    key: Option<&PublicKey>,
    embedded: &[u8],
    signature: &[u8],
    message: &[u8],
    domain: &[u8],
) -> Result<(), String> {
    let decoded;
    let key = match key {
        Some(key) => key,
        None => {
            decoded = PublicKey::from_bytes_prepared(embedded)
                .map_err(|cause| format!("the embedded key is refused: {cause}"))?;
            &decoded
        }
    };
    if bls48581::verify_decoded(key, signature, message, domain) {
        Ok(())
    } else {
        Err("the signature does not verify under the embedded key".into())
    }
}

/// Weight of the signers against the threshold (spec 30 section 2).
pub(crate) fn check_quorum(weight: u64, committee: &Committee, section: &'static str) -> Check {
    let threshold = committee.threshold();
    let reason =
        (weight < threshold).then(|| format!("signed weight {weight} is below {threshold}"));
    Check::new("quorum", section, reason)
        .with("signed_weight", weight)
        .with("threshold", threshold)
        .with("total_weight", committee.total_weight())
}
