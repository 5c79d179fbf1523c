//! The agreement keys that the network calls X448 (spec 10 section 5): a 56-byte scalar and its multiple of the Ed448 base
//! point in the 57-byte encoding. Not RFC 7748: no clamping, no Montgomery form.

use crate::Error;
use crate::multiply;
use crate::point::{POINT_BYTES, Point};
use crate::scalar::Scalar;
use zeroize::Zeroizing;

/// The public key of a secret scalar.
///
/// # Errors
/// `Length` unless the secret has 56 bytes; `Zero` when it is 0 modulo L.
pub fn public_key(secret: &[u8]) -> Result<[u8; POINT_BYTES], Error> {
    let secret = Scalar::decode(secret)?;
    if secret.is_zero().into() {
        return Err(Error::Zero);
    }
    Ok(multiply::fixed_base(&secret).encode())
}

/// The shared secret: the encoding of the multiple of somebody's public key.
///
/// # Errors
/// `Length`; `NotAPoint`; `Identity` when the multiple has small order, so that everybody could know it: a key of small
/// order or a secret that is 0 modulo L.
pub fn agree(secret: &[u8], public: &[u8]) -> Result<Zeroizing<[u8; POINT_BYTES]>, Error> {
    let secret = Scalar::decode(secret)?;
    let public = Point::decode(public)?;
    let shared = Zeroizing::new(multiply::variable_base(&secret, &public));
    if shared.multiply_by_cofactor().is_identity().into() {
        return Err(Error::Identity);
    }
    Ok(Zeroizing::new(shared.encode()))
}
