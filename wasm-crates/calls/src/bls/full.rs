//! Keys, signatures and sums.

use crate::error::{Call, CallError, Code};
use crate::json;
use bls48581::{
    AggregateError, BatchItem, DecodeError, PublicKey, SecretKey, SecretKeyError, Signature,
};
use serde::Serialize;

pub(super) fn refuse(cause: &DecodeError) -> CallError {
    let code = match cause {
        DecodeError::Length { .. } => Code::Length,
        _ => Code::Decode,
    };
    CallError::new(code, cause.to_string())
}

fn no_secret(cause: &SecretKeyError) -> CallError {
    let code = match cause {
        SecretKeyError::Length { .. } => Code::Length,
        SecretKeyError::Zero => Code::Range,
    };
    CallError::new(code, cause.to_string())
}

fn no_sum(cause: &AggregateError) -> CallError {
    let code = match cause {
        AggregateError::Empty => Code::Empty,
        AggregateError::Identity => Code::Identity,
    };
    CallError::new(code, cause.to_string())
}

fn secret(bytes: &[u8]) -> Call<SecretKey> {
    SecretKey::from_bytes(bytes).map_err(|cause| no_secret(&cause))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyPair {
    secret_key: String,
    public_key: String,
    proof_of_possession: String,
    address: String,
}

/// JSON `EngineKeyPair` from key material.
///
/// # Errors
/// `range` in the practically impossible case that the material gives the zero key.
pub fn generate_key(ikm: &[u8]) -> Call<String> {
    let secret = SecretKey::generate(ikm).map_err(|cause| no_secret(&cause))?;
    let public = secret.public_key().to_bytes();
    json::text(&KeyPair {
        secret_key: hex::encode(secret.to_bytes()),
        public_key: hex::encode(public),
        proof_of_possession: hex::encode(secret.prove_possession()),
        address: hex::encode(crate::poseidon::hash_bytes(&public)?),
    })
}

/// Public key of a secret key.
///
/// # Errors
/// `length`, `range`.
pub fn public_key(secret_key: &[u8]) -> Call<Vec<u8>> {
    Ok(secret(secret_key)?.public_key().to_bytes().to_vec())
}

/// Signature of `domain || message`.
///
/// # Errors
/// `length`, `range`.
pub fn sign(secret_key: &[u8], message: &[u8], domain: &[u8]) -> Call<Vec<u8>> {
    Ok(secret(secret_key)?.sign(message, domain).to_vec())
}

/// Several keys, each with its own message, one signature.
#[must_use]
pub fn verify_multi(keys: &[&[u8]], signature: &[u8], messages: &[&[u8]], domain: &[u8]) -> bool {
    bls48581::verify_multi(keys, signature, messages, domain)
}

/// Independent signatures at once, by a random combination (32 random bytes); a key that does not decode makes it false.
///
/// # Errors
/// `length` when the lists differ in length or the randomness is not 32 bytes, `empty` for empty lists.
pub fn verify_batch(
    keys: &[&[u8]],
    signatures: &[&[u8]],
    messages: &[&[u8]],
    domains: &[&[u8]],
    randomness: &[u8],
) -> Call<bool> {
    let unequal = || {
        CallError::new(
            Code::Length,
            "keys, signatures, messages and domains differ in number",
        )
    };
    if signatures.len() != keys.len() || messages.len() != keys.len() || domains.len() != keys.len()
    {
        return Err(unequal());
    }
    if keys.is_empty() {
        return Err(CallError::new(Code::Empty, "nothing to verify"));
    }
    let randomness = randomness.try_into().map_err(|_| {
        CallError::new(
            Code::Length,
            format!("32 random bytes wanted, got {}", randomness.len()),
        )
    })?;
    let Ok(decoded) = keys
        .iter()
        .map(|key| PublicKey::from_bytes(key))
        .collect::<Result<Vec<_>, _>>()
    else {
        return Ok(false);
    };
    let items: Vec<BatchItem<'_>> = decoded
        .iter()
        .zip(signatures)
        .zip(messages.iter().zip(domains))
        .map(|((public_key, signature), (message, domain))| BatchItem {
            public_key,
            signature,
            message,
            domain,
        })
        .collect();
    Ok(bls48581::verify_batch(&items, randomness))
}

/// Proof of possession of a key.
#[must_use]
pub fn verify_possession(public_key: &[u8], proof: &[u8]) -> bool {
    bls48581::verify_possession(public_key, proof)
}

/// Sum of keys.
///
/// # Errors
/// `length` or `decode` for a key that is none, `empty`, `identity`.
pub fn aggregate_keys(keys: &[&[u8]]) -> Call<Vec<u8>> {
    let keys = keys
        .iter()
        .map(|key| PublicKey::from_bytes(key).map_err(|cause| refuse(&cause)))
        .collect::<Call<Vec<_>>>()?;
    sum_of_keys(keys.iter())
}

/// Sum of decoded keys.
pub(crate) fn sum_of_keys<'a>(keys: impl Iterator<Item = &'a PublicKey>) -> Call<Vec<u8>> {
    bls48581::aggregate_key_refs(keys)
        .map(|sum| sum.to_bytes().to_vec())
        .map_err(|cause| no_sum(&cause))
}

/// Sum of signatures.
///
/// # Errors
/// As [`aggregate_keys`].
pub fn aggregate_signatures(signatures: &[&[u8]]) -> Call<Vec<u8>> {
    let signatures = signatures
        .iter()
        .map(|signature| Signature::from_bytes(signature).map_err(|cause| refuse(&cause)))
        .collect::<Call<Vec<_>>>()?;
    bls48581::aggregate_signatures(&signatures)
        .map(|sum| sum.to_bytes().to_vec())
        .map_err(|cause| no_sum(&cause))
}
