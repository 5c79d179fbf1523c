//! Secret keys: derivation, public key, signature, proof of possession (spec 10 sections 2.2 to 2.4).
//! Constant time in the key; hashing to the curve depends on the public message only.

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::Zeroize;

use crate::error::SecretKeyError;
use crate::g1::{self, G1_BYTES};
use crate::g2;
use crate::hash_to_curve::hash_to_g1;
use crate::public_key::PublicKey;
use crate::scalar::{SCALAR_BYTES, Scalar};

/// Salt of the key derivation.
const SALT: &[u8] = b"BLS-SIG-KEYGEN-SALT-";
/// Bytes of derived key material, ceil(3 * 521 / 16).
const MATERIAL_BYTES: usize = 98;
/// Domain of a proof of possession.
pub const POSSESSION_DOMAIN: &[u8] = b"BLS48_POP_SK";

/// A secret scalar, never 0. Wiped when dropped.
pub struct SecretKey(Scalar);

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// The key of 73 big-endian bytes, reduced modulo r; 0 is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretKeyError> {
        if bytes.len() != SCALAR_BYTES {
            return Err(SecretKeyError::Length {
                expected: SCALAR_BYTES,
                got: bytes.len(),
            });
        }
        Self::from_scalar(Scalar::from_bytes_reduced(bytes))
    }

    /// Derives a key from input key material (64 random bytes on the network; any length is accepted).
    pub fn generate(ikm: &[u8]) -> Result<Self, SecretKeyError> {
        // HMAC takes keys of any length: the error of `new_from_slice` does not occur for HMAC.
        let zero = Err(SecretKeyError::Zero);
        let Ok(mut mac) = <Hmac<Sha512> as Mac>::new_from_slice(SALT) else {
            return zero;
        };
        mac.update(ikm);
        mac.update(&[0]);
        let mut prk = mac.finalize().into_bytes();
        let mut material = [0u8; MATERIAL_BYTES];
        let info = (MATERIAL_BYTES as u16).to_be_bytes();
        let expanded = Hkdf::<Sha512>::from_prk(&prk)
            .is_ok_and(|hkdf| hkdf.expand(&info, &mut material).is_ok());
        prk.zeroize();
        let scalar = Scalar::from_bytes_reduced(&material);
        material.zeroize();
        if expanded {
            Self::from_scalar(scalar)
        } else {
            zero
        }
    }

    fn from_scalar(scalar: Scalar) -> Result<Self, SecretKeyError> {
        if scalar.is_zero() {
            Err(SecretKeyError::Zero)
        } else {
            Ok(Self(scalar))
        }
    }

    /// 73 bytes, big-endian. The caller wipes them.
    pub fn to_bytes(&self) -> [u8; SCALAR_BYTES] {
        self.0.to_bytes()
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        // A scalar between 1 and r - 1 never gives the identity.
        let point = g2::multiply_generator(&self.0).unwrap_or(*g2::generator());
        PublicKey::from_group_point(point)
    }

    /// The signature of `domain || message`: deterministic, compressed.
    ///
    /// If the message hashed to the identity (no known message does), the answer would be 74 zero
    /// bytes, which every decoder refuses.
    pub fn sign(&self, message: &[u8], domain: &[u8]) -> [u8; G1_BYTES] {
        hash_to_g1(domain, message)
            .and_then(|hash| g1::multiply(&hash, &self.0).to_affine(false))
            .map_or([0; G1_BYTES], |point| g1::encode(&point))
    }

    /// The proof of possession: the signature of the public key's bytes.
    pub fn prove_possession(&self) -> [u8; G1_BYTES] {
        self.sign(&self.public_key().to_bytes(), POSSESSION_DOMAIN)
    }
}
