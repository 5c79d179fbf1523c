//! SHAKE256 over several parts.

use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

/// The first `N` bytes of SHAKE256 over the parts, one after the other.
pub fn shake256<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hasher = Shake256::default();
    for part in parts {
        hasher.update(part);
    }
    let mut output = [0; N];
    hasher.finalize_xof().read(&mut output);
    output
}
