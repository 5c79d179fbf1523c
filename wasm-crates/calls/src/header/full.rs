//! Header calls of the full module only.

use super::{Committee, decode};
use crate::error::{Call, CallError, Code};
use crate::json;
use frames::messages::{timeout_domain, timeout_message, vote_domain, vote_message};
use frames::{AggregateSignature, AppHeader, GlobalHeader, TailIds};
use serde::Serialize;
use sha3::{Digest, Sha3_256};

fn decode_app(bytes: &[u8]) -> Call<AppHeader> {
    AppHeader::from_bytes(bytes).map_err(|cause| CallError::new(Code::Decode, cause.to_string()))
}

/// The form asked for: `protobuf` or `canonical`.
fn encode(
    form: &str,
    protobuf: impl FnOnce() -> Vec<u8>,
    canonical: impl FnOnce() -> Result<Vec<u8>, frames::EncodeError>,
) -> Call<Vec<u8>> {
    match form {
        "protobuf" => Ok(protobuf()),
        "canonical" => canonical().map_err(|cause| CallError::new(Code::Length, cause.to_string())),
        _ => Err(CallError::new(
            Code::Arguments,
            "the form is protobuf or canonical",
        )),
    }
}

/// Re-encodes a global header.
///
/// # Errors
/// `decode`, `length` when it has no canonical form, `arguments`.
pub fn global_encode(header: &[u8], form: &str) -> Call<Vec<u8>> {
    let header = decode(header)?;
    encode(form, || header.to_protobuf(), || header.to_canonical())
}

/// Re-encodes an app header.
///
/// # Errors
/// As [`global_encode`].
pub fn app_encode(header: &[u8], form: &str) -> Call<Vec<u8>> {
    let header = decode_app(header)?;
    encode(form, || header.to_protobuf(), || header.to_canonical())
}

/// Protobuf bytes of a global header from JSON fields; challenge and identity are ignored.
///
/// # Errors
/// `arguments`, or `decode` when a field is longer than any header's.
pub fn global_build(fields: &str) -> Call<Vec<u8>> {
    let fields: json::GlobalHeader = json::parse(fields)?;
    let header = GlobalHeader {
        frame_number: json::number("frameNumber", &fields.frame_number)?,
        rank: json::number("rank", &fields.rank)?,
        timestamp: json::number("timestamp", &fields.timestamp)?,
        difficulty: fields.difficulty,
        output: json::bytes("output", &fields.output)?,
        parent_selector: json::bytes("parentSelector", &fields.parent_selector)?,
        global_commitments: fields
            .global_commitments
            .iter()
            .map(|text| json::bytes("globalCommitments", text))
            .collect::<Call<_>>()?,
        prover_tree_commitment: json::bytes(
            "proverTreeCommitment",
            &fields.prover_tree_commitment,
        )?,
        requests_root: json::bytes("requestsRoot", &fields.requests_root)?,
        prover: json::bytes("prover", &fields.prover)?,
        signature: fields.signature.as_ref().map(signature).transpose()?,
    };
    let bytes = header.to_protobuf();
    // What we write must be what every strict reader accepts.
    decode(&bytes)?;
    Ok(bytes)
}

/// An empty key means the sub-message is present and empty, as in a genesis header.
fn signature(fields: &json::Signature) -> Call<AggregateSignature> {
    Ok(AggregateSignature {
        signature: json::bytes("signature", &fields.signature)?,
        public_key: Some(json::bytes("publicKey", &fields.public_key)?),
        bitmask: json::bytes("bitmask", &fields.bitmask)?,
    })
}

/// JSON facts of an app header.
///
/// # Errors
/// `decode`.
pub fn app_facts(header: &[u8]) -> Call<String> {
    let header = decode_app(header)?;
    json::text(&json::AppHeader {
        address: hex::encode(&header.address),
        frame_number: header.frame_number.to_string(),
        rank: header.rank.to_string(),
        timestamp: header.timestamp.to_string(),
        difficulty: header.difficulty,
        output: hex::encode(&header.output),
        parent_selector: hex::encode(&header.parent_selector),
        requests_root: hex::encode(&header.requests_root),
        state_roots: header.state_roots.iter().map(hex::encode).collect(),
        prover: hex::encode(&header.prover),
        fee_multiplier_vote: header.fee_multiplier_vote.to_string(),
        signature: header.signature.as_ref().map(json::Signature::from),
        challenge: hex::encode(header.challenge()),
        identity: header.identity().ok().map(hex::encode),
    })
}

/// JSON `EngineVerdict` on an app header; `ids` are those of the multi-proof tail (spec 11 section 5.4).
///
/// # Errors
/// `decode`, `arguments`.
pub fn verify_app(header: &[u8], committee: &str, ids: &[&[u8]]) -> Call<String> {
    let header = decode_app(header)?;
    let committee = Committee::new(committee)?;
    let verdict = frames::verify_app(&header, committee.inner(), TailIds::Given(ids));
    json::text(&json::Verdict::from(&verdict))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningMessages {
    vote_message: String,
    vote_domain: String,
    timeout_message: String,
    timeout_domain: String,
}

/// JSON of the signed strings of votes and timeouts (spec 30 section 5); an empty filter is the global chain.
///
/// # Errors
/// `length` when the identity is not 32 bytes.
pub fn signing_messages(
    filter: &[u8],
    identity: &[u8],
    rank: u64,
    newest_qc_rank: u64,
) -> Call<String> {
    let identity = identity.try_into().map_err(|_| {
        CallError::new(
            Code::Length,
            format!("an identity has 32 bytes, not {}", identity.len()),
        )
    })?;
    json::text(&SigningMessages {
        vote_message: hex::encode(vote_message(filter, identity, rank)),
        vote_domain: hex::encode(vote_domain(filter)),
        timeout_message: hex::encode(timeout_message(filter, rank, newest_qc_rank)),
        timeout_domain: hex::encode(timeout_domain(filter)),
    })
}

#[derive(Serialize)]
struct Genesis {
    frame_number: String,
    timestamp: String,
    difficulty: u32,
    parent_selector: String,
    output: String,
    header_prover: String,
    selector: String,
    qc: GenesisCertificate,
    provers: Vec<GenesisProver>,
    seniority_each: String,
    initial_commitments: Vec<InitialCommitment>,
}

#[derive(Serialize)]
struct GenesisCertificate {
    rank: String,
    frame_number: String,
    timestamp: String,
    signature: String,
    public_key: String,
    bitmask: String,
}

#[derive(Serialize)]
struct GenesisProver {
    public_key: String,
    prover_address: String,
    allocation_address: String,
}

#[derive(Serialize)]
struct InitialCommitment {
    key: String,
    value: String,
    l1: [u8; 3],
}

/// JSON of the mainnet genesis constants (spec 31 section 10), named as in `consensus/genesis_mainnet.json`.
///
/// # Errors
/// None in practice: the constants hash.
pub fn mainnet_genesis() -> Call<String> {
    let hashed = |cause: &dyn std::fmt::Display| CallError::new(Code::Decode, cause.to_string());
    let genesis = frames::genesis::Genesis::mainnet();
    let certificate = genesis.certificate().map_err(|cause| hashed(&cause))?;
    let signature = certificate.signature.unwrap_or_default();
    let prover = |prover: &frames::genesis::GenesisProver| {
        Ok(GenesisProver {
            public_key: hex::encode(&prover.public_key),
            prover_address: hex::encode(crate::poseidon::hash_bytes(&prover.public_key)?),
            allocation_address: hex::encode(
                frames::genesis::allocation_address(&prover.public_key, &[])
                    .map_err(|cause| hashed(&cause))?,
            ),
        })
    };
    json::text(&Genesis {
        frame_number: genesis.frame_number.to_string(),
        timestamp: genesis.timestamp.to_string(),
        difficulty: genesis.difficulty,
        parent_selector: hex::encode(genesis.parent_selector),
        output: hex::encode(&genesis.output),
        header_prover: hex::encode(&genesis.prover),
        selector: hex::encode(genesis.identity().map_err(|cause| hashed(&cause))?),
        qc: GenesisCertificate {
            rank: certificate.rank.to_string(),
            frame_number: certificate.frame_number.to_string(),
            timestamp: certificate.timestamp.to_string(),
            signature: hex::encode(&signature.signature),
            public_key: hex::encode(signature.key_bytes()),
            bitmask: hex::encode(&signature.bitmask),
        },
        provers: genesis.provers.iter().map(prover).collect::<Call<_>>()?,
        seniority_each: genesis
            .provers
            .first()
            .map_or(0, |first| first.seniority)
            .to_string(),
        initial_commitments: genesis
            .initial_commitments
            .iter()
            .map(|commitment| InitialCommitment {
                key: hex::encode(commitment.address),
                value: hex::encode(&commitment.value),
                l1: frames::genesis::shard_indices(&commitment.address),
            })
            .collect(),
    })
}

/// SHA3-256.
#[must_use]
pub fn sha3_256(message: &[u8]) -> Vec<u8> {
    Sha3_256::digest(message).to_vec()
}
