//! The simple signature over Decaf448 (spec 10 section 5): `R || s`, c = H56(message || P || R), s = k - c x.

use crate::Error;
use crate::decaf::{Point, hash_to_scalar};
use crate::error::exact;
use crate::scalar::Scalar;
use crate::shake::shake256;
use zeroize::Zeroizing;

/// Bytes of a simple signature.
pub const SIGNATURE_BYTES: usize = 112;

/// Separates the nonce from every other use of SHAKE256 in the protocol.
const NONCE_TAG: &[u8] = b"decaf448 simple signature nonce";

/// c for a message, the encoded key and the encoded commitment.
fn challenge(message: &[u8], public: &[u8; 56], commitment: &[u8; 56]) -> Scalar {
    let bytes = [message, public, commitment].concat();
    Scalar::from_bytes(&hash_to_scalar(&bytes))
}

/// Signs the message. The nonce is a hash of secret, randomness and message: fresh randomness protects against faults,
/// none makes the signature deterministic.
///
/// # Errors
/// `EmptyMessage`; `Zero` for a secret that is 0 modulo L.
pub fn sign(
    secret: &Scalar,
    message: &[u8],
    randomness: &[u8],
) -> Result<[u8; SIGNATURE_BYTES], Error> {
    if message.is_empty() {
        return Err(Error::EmptyMessage);
    }
    if secret.is_zero().into() {
        return Err(Error::Zero);
    }
    let public = Point::multiply_generator(secret).encode();
    let secret_bytes = Zeroizing::new(secret.reduce().to_bytes());
    // The length keeps randomness and message apart.
    let length = (randomness.len() as u64).to_be_bytes();
    let nonce = Zeroizing::new(shake256::<114>(&[
        NONCE_TAG,
        secret_bytes.as_slice(),
        &length,
        randomness,
        message,
    ]));
    let k = Scalar::from_wide(&nonce);
    let commitment = Point::multiply_generator(&k).encode();
    let c = challenge(message, &public, &commitment);
    let s = k.subtract(&c.multiply(secret));
    let mut out = [0; SIGNATURE_BYTES];
    let (first, second) = out.split_at_mut(56);
    first.copy_from_slice(&commitment);
    second.copy_from_slice(&s.to_bytes());
    Ok(out)
}

/// Whether s G + c P = R. False for an empty message, a wrong length, a neutral key and whatever does not decode; s acts
/// modulo L. Variable time: everything here is public.
#[must_use]
pub fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    check(public, message, signature).unwrap_or(false)
}

fn check(public: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, Error> {
    let signature: [u8; SIGNATURE_BYTES] = exact("signature", "112", signature)?;
    let (commitment, s) = signature.split_at(56);
    let commitment: [u8; 56] = exact("R", "56", commitment)?;
    let s = Scalar::decode(s)?;
    let key_bytes: [u8; 56] = exact("public key", "56", public)?;
    let key = Point::decode(&key_bytes)?;
    if message.is_empty() || key.is_identity().into() {
        return Ok(false);
    }
    let expected = Point::decode(&commitment)?;
    let c = challenge(message, &key_bytes, &commitment);
    Ok(Point::double_multiply_public(&s, &c, &key) == expected)
}
