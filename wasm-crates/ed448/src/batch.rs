//! Many signatures verified together: one equation over all of them, weighted by numbers that nobody can choose.
//!
//! 4 sum z_i (R_i + h_i A_i - S_i B) = 0 with weights z_i of 128 bits holds for wrong signatures with probability 2^-128 (Bellare,
//! Garay, Rabin 1998). The cofactor makes it the rule of single verification (Chalkias, Garillot, Nikolaenko 2020), and the
//! doublings are shared, so each further signature costs a fraction of the first.

use crate::multiply;
use crate::point::{POINT_BYTES, Point};
use crate::scalar::{SCALAR_BYTES, Scalar};
use crate::shake::shake256;
use crate::signature::{Claim, Signed, decode};

/// Signatures in one equation: more gain little, and a wrong one among them makes all be looked at alone.
const TOGETHER: usize = 64;
/// Fewer are faster one by one.
const FEWEST: usize = 2;
/// Separates the weights from every other use of SHAKE256 in the protocol.
const WEIGHT_TAG: &[u8] = b"ed448 batch verification weight";
const WEIGHT_BYTES: usize = 16;

/// The verdict that [`crate::verify`] gives of each, all together. Variable time: everything here is public.
#[must_use]
pub fn verify_batch(all: &[Signed]) -> Vec<bool> {
    all.chunks(TOGETHER).flat_map(verify_chunk).collect()
}

fn verify_chunk(chunk: &[Signed]) -> Vec<bool> {
    let mut keys = Keys::default();
    let claims: Vec<Option<Claim>> = chunk
        .iter()
        .map(|signed| Claim::read(signed, |bytes| keys.point(bytes)))
        .collect();
    let readable: Vec<&Claim> = claims.iter().flatten().collect();
    let all_hold = readable.len() >= FEWEST && hold_together(&readable);
    let holds = |claim: &Claim| all_hold || claim.holds();
    claims
        .iter()
        .map(|claim| claim.as_ref().is_some_and(holds))
        .collect()
}

/// Public keys of a batch: often many signatures are of one.
#[derive(Default)]
struct Keys(Vec<([u8; POINT_BYTES], Option<Point>)>);

impl Keys {
    fn point(&mut self, bytes: &[u8; POINT_BYTES]) -> Option<Point> {
        if let Some((_, point)) = self.0.iter().find(|(known, _)| known == bytes) {
            return *point;
        }
        let point = decode(bytes);
        self.0.push((*bytes, point));
        point
    }
}

fn hold_together(claims: &[&Claim]) -> bool {
    let mut base = Scalar::from_u32(0);
    let mut keys: Vec<(&[u8; POINT_BYTES], Scalar, Point)> = Vec::new();
    let mut terms = Vec::with_capacity(2 * claims.len());
    for (claim, weight) in claims.iter().zip(weights(claims)) {
        base = base.add(&weight.multiply(&claim.s));
        let factor = weight.multiply(&claim.h);
        match keys.iter_mut().find(|(key, ..)| **key == claim.public) {
            Some((_, sum, _)) => *sum = sum.add(&factor),
            None => keys.push((&claim.public, factor, claim.a)),
        }
        terms.push((weight, claim.r));
    }
    terms.extend(keys.into_iter().map(|(_, factor, point)| (factor, point)));
    let minus_base = Scalar::from_u32(0).subtract(&base);
    let sum = multiply::many_public(&minus_base, &terms);
    sum.multiply_by_cofactor().is_identity().into()
}

/// One for each claim, from a hash over everything that is claimed: whoever chooses claims cannot choose weights.
fn weights(claims: &[&Claim]) -> Vec<Scalar> {
    let mut claimed = Vec::with_capacity(claims.len() * 2 * (POINT_BYTES + SCALAR_BYTES));
    for claim in claims {
        claimed.extend(claim.public);
        claimed.extend(claim.commitment);
        claimed.extend(claim.s.to_bytes());
        claimed.extend(claim.h.to_bytes());
    }
    let seed: [u8; 64] = shake256(&[WEIGHT_TAG, &claimed]);
    let weight = |index: u8| {
        let hash: [u8; WEIGHT_BYTES] = shake256(&[WEIGHT_TAG, &seed, &[index]]);
        let mut bytes = [0; SCALAR_BYTES];
        bytes[..WEIGHT_BYTES].copy_from_slice(&hash);
        Scalar::from_bytes(&bytes)
    };
    claims
        .iter()
        .zip(0..)
        .map(|(_, index)| weight(index))
        .collect()
}
