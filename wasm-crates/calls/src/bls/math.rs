//! Points, scalars and constants, for whoever checks the mathematics (conformance runner, benchmarks).

use super::full::refuse;
use crate::error::{Call, CallError, Code};
use crate::json;
use bls48581::{Scalar, g1, g2, hash_to_curve as hashing};
use limbs::field::Kernel as _;
use serde::Serialize;

/// Strict decoding of G1; uncompressed encoding out.
///
/// # Errors
/// `length`, `decode`.
pub fn decode_g1(point: &[u8]) -> Call<Vec<u8>> {
    g1::decode(point)
        .map(|point| g1::to_uncompressed(&point).to_vec())
        .map_err(|cause| refuse(&cause))
}

/// Strict decoding of G2; uncompressed encoding out.
///
/// # Errors
/// `length`, `decode`.
pub fn decode_g2(point: &[u8]) -> Call<Vec<u8>> {
    g2::decode(point)
        .map(|point| g2::to_uncompressed(&point).to_vec())
        .map_err(|cause| refuse(&cause))
}

/// Subgroup test alone of a point of the curve.
///
/// # Errors
/// `length`, `decode` when it is not on the curve.
pub fn in_subgroup_g1(point: &[u8]) -> Call<bool> {
    g1::decode_on_curve(point)
        .map(|point| g1::is_in_subgroup(&point))
        .map_err(|cause| refuse(&cause))
}

/// Subgroup test alone of a point of the twist.
///
/// # Errors
/// `length`, `decode` when it is not on the curve.
pub fn in_subgroup_g2(point: &[u8]) -> Call<bool> {
    g2::decode_on_curve(point)
        .map(|point| g2::is_in_subgroup(&point))
        .map_err(|cause| refuse(&cause))
}

#[derive(Serialize)]
struct HashToCurve {
    expanded: String,
    u: [String; 2],
    mapped: [String; 2],
    point: String,
}

/// JSON of the steps of hashing a message, without a protocol domain.
///
/// # Errors
/// `identity` when the message hashes to it; none is known.
pub fn hash_to_curve(message: &[u8]) -> Call<String> {
    let trace = hashing::trace(&[], message);
    let point = trace
        .point
        .ok_or_else(|| CallError::new(Code::Identity, "the message hashes to the identity"))?;
    json::text(&HashToCurve {
        expanded: hex::encode(trace.expanded),
        u: trace.u.map(|element| hex::encode(element.to_bytes())),
        mapped: trace.mapped.map(|point| hex::encode(g1::encode(&point))),
        point: hex::encode(g1::encode(&point)),
    })
}

/// Hash of a message to G1, compressed.
///
/// # Errors
/// `identity` when the message hashes to it; none is known.
pub fn hash_to_g1(message: &[u8]) -> Call<Vec<u8>> {
    hashing::hash_to_g1(&[], message)
        .map(|point| g1::encode(&point).to_vec())
        .ok_or_else(|| CallError::new(Code::Identity, "the message hashes to the identity"))
}

#[derive(Serialize)]
struct Params {
    p: String,
    r: String,
    x_abs: String,
    x_negative: bool,
    g1_cofactor_multiplier: String,
    g1_beta_cube_root: String,
    sqrt_minus3: String,
    frobenius_fp2_a: String,
    frobenius_fp2_b: String,
    g1_generator_compressed: String,
    g1_generator_uncompressed: String,
    g2_generator_compressed: String,
    g2_generator_uncompressed: String,
}

/// JSON of the curve constants, named as in `bls48581/params.json`.
///
/// # Errors
/// None in practice.
pub fn params() -> Call<String> {
    let params = bls48581::params::params();
    json::text(&Params {
        p: hex::encode(params.p),
        r: hex::encode(params.r),
        x_abs: hex::encode(params.x_abs),
        x_negative: params.x_negative,
        g1_cofactor_multiplier: hex::encode(params.g1_cofactor_multiplier),
        g1_beta_cube_root: hex::encode(params.g1_beta_cube_root),
        sqrt_minus3: hex::encode(params.sqrt_minus3),
        frobenius_fp2_a: hex::encode(params.frobenius_fp2_a),
        frobenius_fp2_b: hex::encode(params.frobenius_fp2_b),
        g1_generator_compressed: hex::encode(g1::encode(&params.g1_generator)),
        g1_generator_uncompressed: hex::encode(g1::to_uncompressed(&params.g1_generator)),
        g2_generator_compressed: hex::encode(g2::encode(&params.g2_generator)),
        g2_generator_uncompressed: hex::encode(g2::to_uncompressed(&params.g2_generator)),
    })
}

fn operand(bytes: &[u8]) -> Call<Scalar> {
    if bytes.len() != bls48581::SCALAR_BYTES {
        return Err(CallError::new(
            Code::Length,
            format!(
                "a scalar has {} bytes, not {}",
                bls48581::SCALAR_BYTES,
                bytes.len()
            ),
        ));
    }
    Ok(Scalar::from_bytes_reduced(bytes))
}

/// `add`, `sub`, `mul`, `inv` (of a) modulo r.
///
/// # Errors
/// `length`, `range` for the inverse of zero, `arguments` for another operation.
pub fn scalar(operation: &str, a: &[u8], b: &[u8]) -> Call<Vec<u8>> {
    let a = operand(a)?;
    let result = match operation {
        "add" => a.add(&operand(b)?),
        "sub" => a.sub(&operand(b)?),
        "mul" => a.mul(&operand(b)?),
        "inv" if a.is_zero() => return Err(CallError::new(Code::Range, "zero has no inverse")),
        "inv" => a.invert(),
        _ => return Err(CallError::new(Code::Arguments, "unknown scalar operation")),
    };
    Ok(result.to_bytes().to_vec())
}

fn identity() -> CallError {
    CallError::new(Code::Identity, "the scalar is zero modulo the group order")
}

/// Multiple of the G1 generator, compressed.
///
/// # Errors
/// `length`, `identity`.
pub fn multiply_generator_g1(scalar: &[u8]) -> Call<Vec<u8>> {
    g1::multiply_generator(&operand(scalar)?)
        .map(|point| g1::encode(&point).to_vec())
        .ok_or_else(identity)
}

/// Multiple of the G2 generator, compressed.
///
/// # Errors
/// `length`, `identity`.
pub fn multiply_generator_g2(scalar: &[u8]) -> Call<Vec<u8>> {
    g2::multiply_generator(&operand(scalar)?)
        .map(|point| g2::encode(&point).to_vec())
        .ok_or_else(identity)
}
