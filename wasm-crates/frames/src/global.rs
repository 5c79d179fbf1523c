//! Verification of global headers (spec 11 sections 4.4 and 8.2).

use bls48581::PublicKey;
use classgroup::Discriminant;

use crate::Address;
use crate::aggregate::{
    KEY_LENGTH, SIGNATURE_LENGTH, check_aggregate_key, check_bitmask, check_quorum,
    verify_signature,
};
use crate::challenge::OUTPUT_LENGTH;
use crate::check::{Check, Verdict};
use crate::committee::Committee;
use crate::header::{AggregateSignature, GlobalHeader};
use crate::messages::{vote_domain, vote_message};
use crate::rules::{Genesis, Rules};

/// Number of entries of `global_commitments`.
const COMMITMENTS: usize = 256;
/// Names of the checks that make a certificate.
const CERTIFICATE: [&str; 4] = ["bitmask", "aggregate_key", "signature", "quorum"];

/// Everything but the time proof: `shape`, `bitmask`, `aggregate_key`, `signature`, `quorum`,
/// `genesis`; `prover` when the rules ask for it; `difficulty` when the certificate fails, for then
/// the floor applies. The configured genesis frame is trusted: only `shape` and `genesis` are made.
pub fn verify_certificate(header: &GlobalHeader, committee: &Committee, rules: &Rules) -> Verdict {
    verify_certificate_observed(header, committee, rules, &mut |_| {})
}

/// [`verify_certificate`], calling the observer right after each check is made, so that a caller with
/// a clock can time them one by one.
pub fn verify_certificate_observed(
    header: &GlobalHeader,
    committee: &Committee,
    rules: &Rules,
    observer: Observer<'_>,
) -> Verdict {
    let identity = header.identity().ok();
    let genesis = rules.genesis(header, identity.as_ref());
    let mut made = Made::new(observer);
    if matches!(genesis, Genesis::Configured) {
        return genesis_verdict(header, genesis, made);
    }
    let absent = AggregateSignature::default();
    let signature = header.signature.as_ref().unwrap_or(&absent);
    let selection = committee.select(&signature.bitmask);
    made.add(check_shape(header, rules));
    made.add(check_bitmask(&selection, committee));
    let (check, key) =
        check_aggregate_key(signature, &selection, committee, "11 section 4.4 step 7");
    made.add(check);
    let key = key.as_deref();
    made.add(check_signature(header, signature, identity.as_ref(), key));
    made.add(check_quorum(
        selection.weight,
        committee,
        "11 section 4.4 step 9",
    ));
    made.add(genesis.check());
    made.add_policies(header, committee, rules);
    Verdict::new(made.checks, selection.weight, selection.bits)
}

/// The light client's fast path (spec 11 section 8.2): the embedded key is looked up in the table of
/// key sums, so neither the bitmask nor the list of active members matters, and no key is decoded.
/// Nothing for a committee that is too large for a table. Checks as in [`verify_certificate`], without
/// `bitmask`; `signers` are the members of the subset.
pub fn verify_pinned(
    header: &GlobalHeader,
    committee: &Committee,
    rules: &Rules,
) -> Option<Verdict> {
    verify_pinned_observed(header, committee, rules, &mut |_| {})
}

/// [`verify_pinned`], observed as in [`verify_certificate_observed`].
pub fn verify_pinned_observed(
    header: &GlobalHeader,
    committee: &Committee,
    rules: &Rules,
    observer: Observer<'_>,
) -> Option<Verdict> {
    let table = committee.pinned_table()?;
    let identity = header.identity().ok();
    let genesis = rules.genesis(header, identity.as_ref());
    let mut made = Made::new(observer);
    if matches!(genesis, Genesis::Configured) {
        return Some(genesis_verdict(header, genesis, made));
    }
    let absent = AggregateSignature::default();
    let signature = header.signature.as_ref().unwrap_or(&absent);
    made.add(check_shape(header, rules));
    let subset = table.find(signature.key_bytes());
    let key = subset.and_then(|subset| committee.key_sum(&subset.members));
    let reason = subset
        .is_none()
        .then(|| "the embedded key is no sum of keys of the pinned members".to_owned());
    let weight = subset.map_or(0, |subset| subset.weight);
    let signers = subset.map_or(&[][..], |subset| &subset.members);
    made.add(Check::new("aggregate_key", "11 section 8.2 step 2", reason));
    let key = key.as_deref();
    made.add(check_signature(header, signature, identity.as_ref(), key));
    made.add(check_quorum(weight, committee, "11 section 8.2 step 3"));
    made.add(genesis.check());
    made.add_policies(header, committee, rules);
    let signers = signers.iter().filter_map(|i| u32::try_from(*i).ok());
    Some(Verdict::new(made.checks, weight, signers.collect()))
}

/// The check `vdf`, given the discriminant of the header's challenge. The genesis output of mainnet
/// is a trusted constant that fails it (spec 11 section 4.5).
pub fn verify_time_proof(header: &GlobalHeader, discriminant: &Discriminant) -> Check {
    let ok = classgroup::verify_with(discriminant, header.difficulty, &header.output);
    time_proof_check(ok, header.difficulty, header.output.len())
}

/// [`verify_certificate`] and the time proof, with the search for its discriminant. The search is made
/// last and not at all for an output of another length than 516 bytes (hazard VH-4).
pub fn verify_global(header: &GlobalHeader, committee: &Committee, rules: &Rules) -> Verdict {
    let mut verdict = verify_certificate(header, committee, rules);
    let identity = header.identity().ok();
    if !matches!(
        rules.genesis(header, identity.as_ref()),
        Genesis::Configured
    ) {
        let ok = header.output.len() == OUTPUT_LENGTH
            && classgroup::verify(&header.challenge(), header.difficulty, &header.output);
        verdict.push(time_proof_check(ok, header.difficulty, header.output.len()));
    }
    verdict
}

pub(crate) fn time_proof_check(ok: bool, difficulty: u32, length: usize) -> Check {
    let reason = if ok {
        None
    } else if length == OUTPUT_LENGTH {
        Some(format!(
            "the output is no proof of {difficulty} squarings for this header's challenge"
        ))
    } else {
        Some(format!(
            "the output has {length} bytes, not {OUTPUT_LENGTH}"
        ))
    };
    Check::new("vdf", "11 section 4.4 step 6", reason).with("difficulty", u64::from(difficulty))
}

fn genesis_verdict(header: &GlobalHeader, genesis: Genesis, mut made: Made<'_>) -> Verdict {
    let wrong = [
        length("output", &header.output, &[OUTPUT_LENGTH]),
        length("parent_selector", &header.parent_selector, &[32]),
    ];
    made.add(Check::new("shape", "11 section 4.5", first_reason(wrong)));
    made.add(genesis.check());
    Verdict::new(made.checks, 0, Vec::new())
}

/// Called with each check right after it was made.
pub type Observer<'a> = &'a mut dyn FnMut(&Check);

/// The checks made so far.
struct Made<'a> {
    checks: Vec<Check>,
    observer: Observer<'a>,
}

impl<'a> Made<'a> {
    fn new(observer: Observer<'a>) -> Self {
        Self {
            checks: Vec::new(),
            observer,
        }
    }

    fn add(&mut self, check: Check) {
        (self.observer)(&check);
        self.checks.push(check);
    }

    /// The checks that depend on the network's policy.
    fn add_policies(&mut self, header: &GlobalHeader, committee: &Committee, rules: &Rules) {
        if rules.prover_in_committee {
            let reason = committee
                .index_of(&header.prover)
                .is_none()
                .then(|| "the prover is not the address of a committee member".to_owned());
            self.add(Check::new("prover", "11 section 4.4 step 10", reason));
        }
        let certified = self
            .checks
            .iter()
            .all(|check| check.ok || !CERTIFICATE.contains(&check.name));
        if !certified {
            let (difficulty, floor) = (header.difficulty, rules.difficulty_floor);
            let reason = (difficulty < floor).then(|| {
                format!("difficulty {difficulty} of a header without certificate is below {floor}")
            });
            self.add(Check::new("difficulty", "11 hazards VH-3", reason));
        }
    }
}

/// Lengths and counts (spec 11 section 4.4 steps 1, 3, 4, 5); without the bitmask, as FRM-03 wants it.
fn check_shape(header: &GlobalHeader, rules: &Rules) -> Check {
    let signature = header.signature.as_ref();
    let bare = rules.allow_bare_commitments
        && header.global_commitments.is_empty()
        && header.prover_tree_commitment.is_empty();
    let commitments = if bare {
        None
    } else {
        wrong_commitments(header)
    };
    let wrong = [
        length("output", &header.output, &[OUTPUT_LENGTH]),
        length("parent_selector", &header.parent_selector, &[32]),
        commitments,
        length("requests_root", &header.requests_root, &[64, 74]),
        match signature {
            None => Some("the signature is missing".into()),
            Some(s) => length("signature", &s.signature, &[SIGNATURE_LENGTH])
                .or_else(|| length("aggregate key", s.key_bytes(), &[KEY_LENGTH])),
        },
    ];
    Check::new("shape", "11 section 4.4 steps 1 to 5", first_reason(wrong))
}

fn wrong_commitments(header: &GlobalHeader) -> Option<String> {
    let count = header.global_commitments.len();
    if count != COMMITMENTS {
        return Some(format!("{count} global commitments, not {COMMITMENTS}"));
    }
    header
        .global_commitments
        .iter()
        .enumerate()
        .find(|(_, commitment)| ![64, 74].contains(&commitment.len()))
        .map(|(i, c)| format!("global commitment {i} has {} bytes, not 64 or 74", c.len()))
        .or_else(|| {
            let root = &header.prover_tree_commitment;
            length("prover_tree_commitment", root, &[64, 74])
        })
}

/// The vote message under the embedded key (spec 11 section 4.4 step 8).
fn check_signature(
    header: &GlobalHeader,
    signature: &AggregateSignature,
    identity: Option<&Address>,
    key: Option<&PublicKey>,
) -> Check {
    let result = match identity {
        None => Err("the frame has no identity, so nothing can be signed".into()),
        Some(identity) => verify_signature(
            key,
            signature.key_bytes(),
            &signature.signature,
            &vote_message(&[], identity, header.rank),
            &vote_domain(&[]),
        ),
    };
    Check::new("signature", "11 section 4.4 step 8", result.err())
}

/// What is wrong with the length of a field.
pub(crate) fn length(name: &str, bytes: &[u8], allowed: &[usize]) -> Option<String> {
    if allowed.contains(&bytes.len()) {
        return None;
    }
    let allowed: Vec<String> = allowed.iter().map(usize::to_string).collect();
    Some(format!(
        "{name} has {} bytes, not {}",
        bytes.len(),
        allowed.join(" or ")
    ))
}

pub(crate) fn first_reason(reasons: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    reasons.into_iter().flatten().next()
}
