//! VDF calls of the full module only.

use super::refuse;
use crate::error::{Call, CallError, Code};
use crate::json;
use classgroup::{Discriminant, Form, MAX_BITS, Phase, Progress, SolveError, multi};
use serde::Serialize;
use std::ops::ControlFlow;

fn group(challenge: &[u8]) -> Call<Discriminant> {
    Discriminant::from_challenge(challenge, MAX_BITS).map_err(|cause| refuse(Code::Range, &cause))
}

fn decode(group: &Discriminant, form: &[u8]) -> Call<Form> {
    Form::decode_strict(group, form).map_err(|cause| refuse(Code::Decode, &cause))
}

fn unsolved(cause: &SolveError) -> CallError {
    let code = match cause {
        SolveError::Cancelled => Code::Cancelled,
        _ => Code::Range,
    };
    CallError::new(code, cause.to_string())
}

/// Big-endian magnitude of the discriminant.
///
/// # Errors
/// `range` for a bit length that is not supported.
pub fn discriminant(challenge: &[u8], bits: u32) -> Call<Vec<u8>> {
    Discriminant::from_challenge(challenge, bits)
        .map(|found| found.to_bytes())
        .map_err(|cause| refuse(Code::Range, &cause))
}

/// `identity`, `generator`, `multiply` (f g), `square` (f), `inverse` (f) over the group of the challenge.
///
/// # Errors
/// `decode` for bytes that are no reduced form, `arguments` for another operation.
pub fn form(operation: &str, challenge: &[u8], f: &[u8], g: &[u8]) -> Call<Vec<u8>> {
    let group = group(challenge)?;
    let result = match operation {
        "identity" => Form::identity(&group),
        "generator" => Form::generator(&group),
        "multiply" => decode(&group, f)?.multiply(&group, &decode(&group, g)?),
        "square" => decode(&group, f)?.square(&group),
        "inverse" => decode(&group, f)?.inverse(),
        _ => return Err(CallError::new(Code::Arguments, "unknown form operation")),
    };
    Ok(result.encode().to_vec())
}

/// f to the big-endian exponent.
///
/// # Errors
/// `decode`.
pub fn form_power(challenge: &[u8], f: &[u8], exponent: &[u8]) -> Call<Vec<u8>> {
    let group = group(challenge)?;
    Ok(decode(&group, f)?.power(&group, exponent).encode().to_vec())
}

/// f squared n times in a row.
///
/// # Errors
/// `decode`.
pub fn form_square_n(challenge: &[u8], f: &[u8], n: u32) -> Call<Vec<u8>> {
    let group = group(challenge)?;
    Ok(decode(&group, f)?.square_n(&group, n).encode().to_vec())
}

/// Share of the whole that the proof takes, for one scale of progress over both phases.
const PROOF_SHARE: u64 = 3;

/// Output and proof. `report(done, total)` is called every few tens of milliseconds, `total` 0 while the discriminant is searched;
/// answering true cancels.
///
/// # Errors
/// `cancelled`, or `range` when the challenge has no discriminant.
pub fn solve(
    challenge: &[u8],
    difficulty: u32,
    report: &mut dyn FnMut(u32, u32) -> bool,
) -> Call<Vec<u8>> {
    let squarings = u64::from(difficulty);
    let whole = squarings + squarings / PROOF_SHARE;
    let mut progress = |at: Progress| {
        let done = match at.phase {
            Phase::Discriminant => 0,
            Phase::Squaring => at.done,
            Phase::Proof => squarings + scaled(at.done, at.total, whole - squarings),
        };
        let total = if at.phase == Phase::Discriminant {
            0
        } else {
            whole
        };
        let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        if report(narrow(done), narrow(total)) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    classgroup::solve(challenge, difficulty, &mut progress)
        .map(Vec::from)
        .map_err(|cause| unsolved(&cause))
}

fn scaled(done: u64, total: u64, onto: u64) -> u64 {
    done.min(total)
        .saturating_mul(onto)
        .checked_div(total)
        .unwrap_or(0)
}

/// One solution of the multi-prover variant.
///
/// # Errors
/// `range` for an unacceptable list or index.
pub fn multi_solve(challenge: &[u8], difficulty: u32, ids: &[&[u8]], index: u32) -> Call<Vec<u8>> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    multi::solve_one(challenge, difficulty, ids, index, &mut |_| {
        ControlFlow::Continue(())
    })
    .map(Vec::from)
    .map_err(|cause| unsolved(&cause))
}

/// Joint verification.
#[must_use]
pub fn multi_verify(challenge: &[u8], difficulty: u32, ids: &[&[u8]], solutions: &[&[u8]]) -> bool {
    multi::verify(challenge, difficulty, ids, solutions)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MultiValues {
    ids_commitment: String,
    fixed_prime: String,
    r: String,
}

/// JSON of the commitment to the ids, the prime B and 2^t mod B.
///
/// # Errors
/// None in practice.
pub fn multi_values(challenge: &[u8], difficulty: u32, ids: &[&[u8]]) -> Call<String> {
    let commitment = multi::ids_commitment(ids);
    let prime = multi::fixed_prime(challenge, difficulty, &commitment);
    json::text(&MultiValues {
        ids_commitment: hex::encode(commitment),
        fixed_prime: hex::encode(prime.to_be_bytes()),
        r: hex::encode(multi::r(difficulty, prime).to_be_bytes()),
    })
}
