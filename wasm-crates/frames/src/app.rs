//! Verification of app shard headers (spec 11 section 5).

use classgroup::Discriminant;

use crate::Address;
use crate::aggregate::{
    SIGNATURE_LENGTH, check_aggregate_key, check_bitmask, check_quorum, verify_signature,
};
use crate::challenge::{OUTPUT_LENGTH, sha3_256};
use crate::check::{Check, Verdict};
use crate::committee::{Committee, Selection};
use crate::global::{first_reason, length, time_proof_check};
use crate::header::{AggregateSignature, AppHeader};
use crate::messages::{vote_domain, vote_message};
use crate::protobuf::{MAX_REQUESTS_ROOT, MAX_SIGNATURE};

/// Most proofs of a tail (hazard FH-7).
const MAX_PROOFS: usize = 256;

/// Against which ids the multi-proof tail is checked (spec 11 section 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailIds<'a> {
    /// Not at all, as the frame validators do.
    Skip,
    /// Against these ids.
    Given(&'a [&'a [u8]]),
    /// Against the addresses of the participants and, failing that, of the whole committee.
    Committee,
}

/// Checks `shape`, `bitmask`, `vdf`, `aggregate_key`, `signature_without_ids`, `signature_with_ids`
/// (absent when there is a single signer and no tail, or with [`TailIds::Skip`]) and `quorum`.
/// A failing tail does not invalidate a frame for the frame validators, it excludes it from reward
/// submission: see [`Verdict::valid_without`]. Frame 0 is done after `shape` and `vdf`
/// (spec 11 section 5.5 step 3).
pub fn verify_app(header: &AppHeader, committee: &Committee, ids: TailIds<'_>) -> Verdict {
    let vdf = header.output.len() == OUTPUT_LENGTH
        && classgroup::verify(
            &time_proof_challenge(header),
            header.difficulty,
            &header.output,
        );
    let vdf = time_proof_check(vdf, header.difficulty, header.output.len());
    let shape = check_shape(header);
    if header.frame_number == 0 {
        return Verdict::new(vec![shape, vdf], 0, Vec::new());
    }
    let absent = AggregateSignature::default();
    let signature = header.signature.as_ref().unwrap_or(&absent);
    let selection = committee.select(&signature.bitmask);
    let section = "11 section 5.5 step 4";
    let (key_check, key) = check_aggregate_key(signature, &selection, committee, section);
    let head = head_signature(signature, &selection).and_then(|head| {
        let identity = header.identity().map_err(|cause| cause.to_string())?;
        verify_signature(
            key.as_deref(),
            signature.key_bytes(),
            head,
            &vote_message(&header.address, &identity, header.rank),
            &vote_domain(&header.address),
        )
    });
    let section = "11 section 5.5 step 5";
    let with_ids = check_tail(header, signature, &selection, committee, ids, head.is_ok());
    let mut checks = vec![
        shape,
        check_bitmask(&selection, committee),
        vdf,
        key_check,
        Check::new("signature_without_ids", section, head.err()),
    ];
    checks.extend(with_ids);
    let section = "11 section 5.5 step 6";
    checks.push(check_quorum(selection.weight, committee, section));
    Verdict::new(checks, selection.weight, selection.bits)
}

/// The 74 bytes to verify; alone they stand for exactly one signer.
fn head_signature<'a>(
    signature: &'a AggregateSignature,
    selection: &Selection,
) -> Result<&'a [u8], String> {
    let bytes = &signature.signature;
    let head = bytes
        .get(..SIGNATURE_LENGTH)
        .ok_or_else(|| format!("the signature has {} bytes, fewer than 74", bytes.len()))?;
    let signers = selection.bits.len();
    if bytes.len() == SIGNATURE_LENGTH && signers != 1 {
        return Err(format!("a signature without tail names {signers} signers"));
    }
    Ok(head)
}

fn check_tail(
    header: &AppHeader,
    signature: &AggregateSignature,
    selection: &Selection,
    committee: &Committee,
    ids: TailIds<'_>,
    head: bool,
) -> Option<Check> {
    let tailless = signature.signature.len() <= SIGNATURE_LENGTH;
    let lists = match ids {
        TailIds::Skip => return None,
        TailIds::Given(ids) if tailless && ids.len() <= 1 => return None,
        TailIds::Committee if tailless && selection.bits.len() <= 1 => return None,
        TailIds::Given(ids) => vec![ids.to_vec()],
        TailIds::Committee => {
            let address = |index: &usize| Some(committee.members().get(*index)?.address.as_slice());
            let all: Vec<usize> = (0..committee.members().len()).collect();
            let mut lists = vec![&selection.members, &all];
            lists.dedup();
            lists
                .into_iter()
                .map(|list| list.iter().filter_map(address).collect())
                .collect()
        }
    };
    let result = if head {
        verify_tail(header, &signature.signature, &lists)
    } else {
        Err("the aggregate signature itself fails".into())
    };
    let section = "11 section 5.4";
    Some(Check::new("signature_with_ids", section, result.err()))
}

/// The tail `I4(m) || m x 516` after the first 74 bytes, for one of the lists of ids; surplus bytes
/// are ignored. Everything that is cheap comes before the search for the discriminant.
fn verify_tail(header: &AppHeader, signature: &[u8], lists: &[Vec<&[u8]>]) -> Result<(), String> {
    if signature.len() > MAX_SIGNATURE {
        let length = signature.len();
        return Err(format!(
            "the signature has {length} bytes, more than {MAX_SIGNATURE}"
        ));
    }
    let (count, proofs) = signature
        .get(SIGNATURE_LENGTH..)
        .and_then(<[u8]>::split_first_chunk)
        .ok_or("the tail has no count")?;
    let count = usize::try_from(u32::from_be_bytes(*count)).unwrap_or(usize::MAX);
    if count > MAX_PROOFS {
        return Err(format!(
            "the tail announces {count} proofs, more than {MAX_PROOFS}"
        ));
    }
    let lists: Vec<_> = lists.iter().filter(|ids| ids.len() == count).collect();
    if lists.is_empty() {
        return Err(format!(
            "no list of ids has {count} entries, as the tail has proofs"
        ));
    }
    let (proofs, _) = proofs.as_chunks::<OUTPUT_LENGTH>();
    let proofs: Vec<&[u8]> = proofs
        .iter()
        .take(count)
        .map(<[u8; OUTPUT_LENGTH]>::as_slice)
        .collect();
    if proofs.len() != count {
        return Err(format!("the tail ends inside proof {}", proofs.len()));
    }
    let (challenge, difficulty) = (header.multiproof_challenge(), header.difficulty);
    let discriminant = Discriminant::from_challenge(&challenge, 2048)
        .map_err(|cause| format!("no discriminant for the tail: {cause}"))?;
    let holds = |ids: &[&[u8]]| {
        classgroup::multi::verify_with(&discriminant, &challenge, difficulty, ids, &proofs)
    };
    if lists.into_iter().any(|ids| holds(ids)) {
        Ok(())
    } else {
        Err(format!(
            "the {count} proofs of the tail do not verify for these ids"
        ))
    }
}

/// Lengths and counts (spec 11 section 5.5 steps 1 and 2); without the signature, as FRM-04 wants it.
fn check_shape(header: &AppHeader) -> Check {
    let roots = header.state_roots.len();
    let bad_root = header
        .state_roots
        .iter()
        .enumerate()
        .find_map(|(i, root)| length(&format!("state root {i}"), root, &[64, 74]));
    let requests = header.requests_root.len();
    let wrong = [
        (!(32..=64).contains(&header.address.len())).then(|| {
            let length = header.address.len();
            format!("address has {length} bytes, not 32 to 64")
        }),
        (roots != 4).then(|| format!("{roots} state roots, not 4")),
        bad_root,
        length("prover", &header.prover, &[32]),
        (!(33..=MAX_REQUESTS_ROOT).contains(&requests))
            .then(|| format!("requests_root has {requests} bytes, not 33 to {MAX_REQUESTS_ROOT}")),
        length("output", &header.output, &[OUTPUT_LENGTH]),
        length("parent_selector", &header.parent_selector, &[32]),
    ];
    Check::new("shape", "11 section 5.5 steps 1 and 2", first_reason(wrong))
}

/// The header's challenge; for the genesis header of a shard, which is made without a parent, the
/// one of spec 11 section 5.2.
fn time_proof_challenge(header: &AppHeader) -> [u8; 32] {
    let genesis = header.frame_number == 0
        && header.timestamp == 0
        && header.fee_multiplier_vote == 100
        && header.parent_selector == [0; 32];
    if genesis {
        genesis_challenge(&header.address, header.difficulty)
    } else {
        header.challenge()
    }
}

fn genesis_challenge(address: &[u8], difficulty: u32) -> Address {
    let zeros: [&[u8]; 2] = [&[0; OUTPUT_LENGTH], address];
    let vote = 100u64.to_be_bytes();
    let rest: [&[u8]; 4] = [&[0; 16], &difficulty.to_be_bytes(), &vote, &[0; 32]];
    sha3_256(zeros.into_iter().chain(rest))
}
