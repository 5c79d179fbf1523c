//! Ed448 of RFC 8032 with empty context, and the network's rule of verification (spec 10 section 4).

use crate::Error;
use crate::error::exact;
use crate::multiply;
use crate::point::{POINT_BYTES, Point};
use crate::scalar::{SCALAR_BYTES, Scalar};
use crate::shake::shake256;
use zeroize::Zeroizing;

/// Bytes of a seed.
pub const SEED_BYTES: usize = 57;
/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = 57;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 114;

/// dom4(0, ""): pure Ed448, empty context.
const DOM4: &[u8] = b"SigEd448\x00\x00";

/// Bytes of an expanded private key.
pub const EXPANDED_BYTES: usize = 171;

/// What a seed expands to.
struct Expanded {
    scalar: Scalar,
    prefix: Zeroizing<[u8; 57]>,
    public: Point,
}

/// Expands a stored private key: the seed, or seed and public key, whose second half is ignored.
fn expand(private_key: &[u8]) -> Result<Expanded, Error> {
    let seed = match private_key.len() {
        SEED_BYTES | 114 => &private_key[..SEED_BYTES],
        got => {
            return Err(Error::Length {
                what: "private key",
                expected: "57 or 114",
                got,
            });
        }
    };
    let hash = Zeroizing::new(shake256::<114>(&[seed]));
    let (low, high) = hash.split_at(57);
    let mut bytes = Zeroizing::new([0u8; 56]);
    bytes.copy_from_slice(&low[..56]);
    bytes[0] &= 0xfc;
    bytes[55] |= 0x80;
    let mut prefix = Zeroizing::new([0u8; 57]);
    prefix.copy_from_slice(high);
    let scalar = Scalar::from_bytes(&bytes);
    let public = multiply::fixed_base(&scalar);
    Ok(Expanded {
        scalar,
        prefix,
        public,
    })
}

/// The public key of a private key of 57 (seed) or 114 bytes (seed and public key).
///
/// # Errors
/// `Length`.
pub fn public_key(private_key: &[u8]) -> Result<[u8; PUBLIC_KEY_BYTES], Error> {
    Ok(expand(private_key)?.public.encode())
}

/// Signs the message, deterministically. A domain of the network is a plain prefix of the message.
///
/// # Errors
/// `Length` unless the private key has 57 or 114 bytes.
pub fn sign(private_key: &[u8], message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Error> {
    let key = expand(private_key)?;
    let nonce = nonce(key.prefix.as_slice(), message);
    let [commitment, public] = multiply::fixed_base(&nonce).encode_both(&key.public);
    Ok(answer(&key.scalar, &nonce, &commitment, &public, message))
}

/// What [`sign_expanded`] takes, as secret as the seed: scalar, prefix and public key of a private key, so that who signs often does
/// not make them each time. Only what this function answers may be signed with: a public key of somebody else's choice gives
/// the secret away.
///
/// # Errors
/// `Length` unless the private key has 57 or 114 bytes.
pub fn expanded_key(private_key: &[u8]) -> Result<Zeroizing<[u8; EXPANDED_BYTES]>, Error> {
    let key = expand(private_key)?;
    let mut out = Zeroizing::new([0; EXPANDED_BYTES]);
    let scalar = Zeroizing::new(key.scalar.to_bytes());
    out[..SCALAR_BYTES].copy_from_slice(scalar.as_slice());
    out[57..114].copy_from_slice(key.prefix.as_slice());
    out[114..].copy_from_slice(&key.public.encode());
    Ok(out)
}

/// The signature that [`sign`] makes, by an [`expanded_key`].
///
/// # Errors
/// `Length`.
pub fn sign_expanded(expanded: &[u8], message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Error> {
    let key: Zeroizing<[u8; EXPANDED_BYTES]> =
        Zeroizing::new(exact("expanded private key", "171", expanded)?);
    let scalar = Scalar::decode(&key[..SCALAR_BYTES])?;
    let nonce = nonce(&key[57..114], message);
    let public: [u8; PUBLIC_KEY_BYTES] = exact("public key", "57", &key[114..])?;
    let commitment = multiply::fixed_base(&nonce).encode();
    Ok(answer(&scalar, &nonce, &commitment, &public, message))
}

fn nonce(prefix: &[u8], message: &[u8]) -> Scalar {
    let hash = Zeroizing::new(shake256::<114>(&[DOM4, prefix, message]));
    Scalar::from_wide(&hash)
}

/// R || S.
fn answer(
    secret: &Scalar,
    nonce: &Scalar,
    commitment: &[u8; 57],
    public: &[u8; 57],
    message: &[u8],
) -> [u8; SIGNATURE_BYTES] {
    let challenge = challenge(commitment, public, message);
    // Both terms are reduced, so one correction reduces their sum.
    let s = nonce.add(&challenge.multiply(secret));
    let mut out = [0; SIGNATURE_BYTES];
    let (first, second) = out.split_at_mut(57);
    first.copy_from_slice(commitment);
    second[..56].copy_from_slice(&s.to_bytes());
    out
}

fn challenge(commitment: &[u8; 57], public: &[u8; 57], message: &[u8]) -> Scalar {
    Scalar::from_wide(&shake256(&[DOM4, commitment, public, message]))
}

/// Whether the signature holds by the rule of spec 10 section 4: exact lengths; R and A canonical, on the curve and with
/// x != 0; 0 < S < L; 4 S B = 4 R + 4 h A. Points of order 4 and components of small order are not refused (CH-8).
/// Variable time: everything here is public.
#[must_use]
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let signed = Signed {
        public_key,
        message,
        signature,
    };
    Claim::read(&signed, decode).is_some_and(|claim| claim.holds())
}

/// A signature with its key and message.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// 57 bytes.
    pub public_key: &'a [u8],
    /// Any length.
    pub message: &'a [u8],
    /// 114 bytes.
    pub signature: &'a [u8],
}

/// The equation that a signature claims: 4 S B = 4 R + 4 h A.
pub(crate) struct Claim {
    pub(crate) public: [u8; PUBLIC_KEY_BYTES],
    pub(crate) commitment: [u8; POINT_BYTES],
    pub(crate) a: Point,
    pub(crate) r: Point,
    pub(crate) s: Scalar,
    pub(crate) h: Scalar,
}

impl Claim {
    /// None when key or signature are refused whatever the message is. `key` gives the point of a public key.
    pub(crate) fn read(
        signed: &Signed,
        key: impl FnOnce(&[u8; POINT_BYTES]) -> Option<Point>,
    ) -> Option<Self> {
        let public = signed.public_key.try_into().ok()?;
        let signature: &[u8; SIGNATURE_BYTES] = signed.signature.try_into().ok()?;
        let (commitment, rest) = signature.split_first_chunk::<POINT_BYTES>()?;
        let (s, last) = rest.split_first_chunk::<SCALAR_BYTES>()?;
        let s = Scalar::from_bytes(s);
        if last != [0] || !bool::from(s.is_reduced()) || bool::from(s.is_zero()) {
            return None;
        }
        let a = key(&public)?;
        let r = decode(commitment)?;
        // Only canonical encodings decode, so A's bytes are its canonical encoding.
        let h = challenge(commitment, &public, signed.message);
        Some(Self {
            public,
            commitment: *commitment,
            a,
            r,
            s,
            h,
        })
    }

    pub(crate) fn holds(&self) -> bool {
        let multiple = multiply::double_base_public(&self.s, &self.h, &self.a.negate());
        let difference = multiple.subtract(&self.r);
        difference.multiply_by_cofactor().is_identity().into()
    }
}

/// R or A, which have x != 0.
pub(crate) fn decode(bytes: &[u8; POINT_BYTES]) -> Option<Point> {
    let point = Point::decode(bytes).ok()?;
    (!bool::from(point.has_zero_x())).then_some(point)
}
