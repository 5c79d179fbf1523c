//! Ed448, Decaf448 and the agreement keys (spec 10 sections 4, 5).

use crate::error::{Call, CallError, Code};
use ed448::decaf::{self, Point};
use ed448::{Error, Scalar, Signed, agreement};

/// Public key of a private key, 57 bytes.
///
/// # Errors
/// `length` unless the private key has 57 (seed) or 114 bytes (seed and public key).
pub fn public_key(private_key: &[u8]) -> Call<Vec<u8>> {
    answer(ed448::public_key(private_key))
}

/// Signature of the message with empty context, 114 bytes.
///
/// # Errors
/// As [`public_key`].
pub fn sign(private_key: &[u8], message: &[u8]) -> Call<Vec<u8>> {
    answer(ed448::sign(private_key, message))
}

/// What [`sign_expanded`] takes, 171 bytes, secret.
///
/// # Errors
/// As [`public_key`].
pub fn expanded_key(private_key: &[u8]) -> Call<Vec<u8>> {
    ed448::expanded_key(private_key)
        .map(|expanded| expanded.to_vec())
        .map_err(|error| refuse(&error))
}

/// The signature of [`sign`], by an expanded key.
///
/// # Errors
/// `length`.
pub fn sign_expanded(expanded: &[u8], message: &[u8]) -> Call<Vec<u8>> {
    answer(ed448::sign_expanded(expanded, message))
}

/// Whether the signature holds by the rule of spec 10 section 4.
#[must_use]
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    ed448::verify(public_key, message, signature)
}

/// The verdicts that [`verify`] gives of each, in order: 1 holds, 0 does not.
///
/// # Errors
/// `length` when the lists differ in number.
pub fn verify_batch(keys: &[&[u8]], messages: &[&[u8]], signatures: &[&[u8]]) -> Call<Vec<u8>> {
    if messages.len() != keys.len() || signatures.len() != keys.len() {
        let text = "keys, messages and signatures differ in number";
        return Err(CallError::new(Code::Length, text));
    }
    let all: Vec<Signed> = keys
        .iter()
        .zip(messages)
        .zip(signatures)
        .map(|((public_key, message), signature)| Signed {
            public_key,
            message,
            signature,
        })
        .collect();
    let verdicts = ed448::verify_batch(&all);
    Ok(verdicts.into_iter().map(u8::from).collect())
}

/// Public key of an agreement secret, 57 bytes.
///
/// # Errors
/// `length`; `range` for a secret that is 0 modulo the group order.
pub fn agreement_public_key(secret: &[u8]) -> Call<Vec<u8>> {
    answer(agreement::public_key(secret))
}

/// Shared secret of agreement keys, 57 bytes.
///
/// # Errors
/// `length`, `decode`; `identity` when everybody could know the result.
pub fn agreement_agree(secret: &[u8], public_key: &[u8]) -> Call<Vec<u8>> {
    agreement::agree(secret, public_key)
        .map(|shared| shared.to_vec())
        .map_err(|error| refuse(&error))
}

/// Encoding of the `first` or `second` generator.
///
/// # Errors
/// `arguments` for another name.
pub fn decaf_generator(which: &str) -> Call<Vec<u8>> {
    match which {
        "first" => Ok(Point::generator().encode().to_vec()),
        "second" => answer(Point::second_generator().map(|point| point.encode())),
        other => Err(unknown("generator", other)),
    }
}

/// Strict decoding; answers the encoding of what was read.
///
/// # Errors
/// `length`, `decode`.
pub fn decaf_decode(point: &[u8]) -> Call<Vec<u8>> {
    answer(Point::decode(point).map(|point| point.encode()))
}

/// `add`, `sub`, `mul` or `inv` (`b` ignored) of scalars; `add` and `sub` do not reduce more than once.
///
/// # Errors
/// `length`; `range` for the inverse of 0; `arguments` for another operation.
pub fn decaf_scalar(operation: &str, a: &[u8], b: &[u8]) -> Call<Vec<u8>> {
    let decode = |bytes| Scalar::decode(bytes).map_err(|error| refuse(&error));
    let a = decode(a)?;
    let result = match operation {
        "add" => a.add(&decode(b)?),
        "sub" => a.subtract(&decode(b)?),
        "mul" => a.multiply(&decode(b)?),
        "inv" => a.invert().map_err(|error| refuse(&error))?,
        other => return Err(unknown("scalar operation", other)),
    };
    Ok(result.to_bytes().to_vec())
}

/// `add` or `sub` of points.
///
/// # Errors
/// `length`, `decode`; `arguments` for another operation.
pub fn decaf_point(operation: &str, a: &[u8], b: &[u8]) -> Call<Vec<u8>> {
    let decode = |bytes| Point::decode(bytes).map_err(|error| refuse(&error));
    let (a, b) = (decode(a)?, decode(b)?);
    match operation {
        "add" => Ok(a.add(&b).encode().to_vec()),
        "sub" => Ok(a.subtract(&b).encode().to_vec()),
        other => Err(unknown("point operation", other)),
    }
}

/// Multiple of a point.
///
/// # Errors
/// `length`, `decode`.
pub fn decaf_multiply(scalar: &[u8], point: &[u8]) -> Call<Vec<u8>> {
    let multiple = Scalar::decode(scalar)
        .and_then(|scalar| Ok(Point::decode(point)?.multiply(&scalar).encode()));
    answer(multiple)
}

/// Multiple of the first generator.
///
/// # Errors
/// `length`.
pub fn decaf_multiply_generator(scalar: &[u8]) -> Call<Vec<u8>> {
    answer(Scalar::decode(scalar).map(|scalar| Point::multiply_generator(&scalar).encode()))
}

/// Shared secret, 56 bytes.
///
/// # Errors
/// `length`, `decode`; `identity` when the shared point is neutral.
pub fn decaf_agree(secret: &[u8], public_key: &[u8]) -> Call<Vec<u8>> {
    Scalar::decode(secret)
        .and_then(|secret| decaf::agree(&secret, &Point::decode(public_key)?))
        .map(|shared| shared.to_vec())
        .map_err(|error| refuse(&error))
}

/// Hash of the shared secret as unreduced scalar, then its multiple of the generator: 112 bytes.
///
/// # Errors
/// As [`decaf_agree`].
pub fn decaf_agree_hash(secret: &[u8], public_key: &[u8]) -> Call<Vec<u8>> {
    Scalar::decode(secret)
        .and_then(|secret| decaf::agree_hash(&secret, &Point::decode(public_key)?))
        .map(|both| both.to_vec())
        .map_err(|error| refuse(&error))
}

/// Hash of a message to an unreduced scalar.
#[must_use]
pub fn decaf_hash_to_scalar(message: &[u8]) -> Vec<u8> {
    decaf::hash_to_scalar(message).to_vec()
}

/// Simple signature, 112 bytes; deterministic when the randomness is empty.
///
/// # Errors
/// `length`; `empty` for an empty message; `range` for a secret that is 0 modulo the group order.
pub fn decaf_sign(secret: &[u8], message: &[u8], randomness: &[u8]) -> Call<Vec<u8>> {
    answer(Scalar::decode(secret).and_then(|secret| decaf::sign(&secret, message, randomness)))
}

/// Whether the simple signature holds.
#[must_use]
pub fn decaf_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    decaf::verify(public_key, message, signature)
}

fn answer<const N: usize>(result: Result<[u8; N], Error>) -> Call<Vec<u8>> {
    result
        .map(|bytes| bytes.to_vec())
        .map_err(|error| refuse(&error))
}

fn unknown(what: &str, name: &str) -> CallError {
    CallError::new(Code::Arguments, format!("{what} {name:?} is not known"))
}

fn refuse(error: &Error) -> CallError {
    let code = match error {
        Error::Length { .. } => Code::Length,
        Error::NotAPoint => Code::Decode,
        Error::Identity => Code::Identity,
        Error::Zero => Code::Range,
        Error::EmptyMessage => Code::Empty,
    };
    CallError::new(code, error.to_string())
}
