//! Paths: a key as a list of 6-bit elements (spec 20 section 7).

use std::ops::Deref;

/// Children of a branch, and values of one path element.
pub const WIDTH: usize = 64;

/// A list of 6-bit elements, one byte each, every one below [`WIDTH`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<u8>);

impl Path {
    /// Path from elements, or `None` when one of them is 64 or more.
    #[must_use]
    pub fn from_elements(elements: &[u8]) -> Option<Self> {
        elements
            .iter()
            .all(|element| usize::from(*element) < WIDTH)
            .then(|| Self(elements.to_vec()))
    }

    /// The elements.
    #[must_use]
    pub fn elements(&self) -> &[u8] {
        &self.0
    }

    /// The elements from `depth` on; empty when the path is not that long.
    #[must_use]
    pub fn from_depth(&self, depth: usize) -> &[u8] {
        self.0.get(depth..).unwrap_or_default()
    }

    /// Whether two different keys with these paths can not be in one tree: one path is a prefix of the other (spec 20 section 7).
    /// Equal paths conflict too: they belong to one key, or to keys that differ in padding only.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let common = common_length(self, other);
        common == self.0.len() || common == other.0.len()
    }
}

impl Deref for Path {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The path of a key: its bits, most significant first, in groups of six; the last group is padded with zero bits on the right.
///
/// ```
/// assert_eq!(tries::path(&[0x30]).elements(), [12, 0]);
/// ```
#[must_use]
pub fn path(key: &[u8]) -> Path {
    let mut elements = Vec::with_capacity((key.len() * 8).div_ceil(6));
    let (mut pending, mut bits) = (0u32, 0u32);
    for byte in key {
        pending = (pending << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 6 {
            bits -= 6;
            elements.push(low_six(pending >> bits));
        }
        pending &= (1 << bits) - 1;
    }
    if bits > 0 {
        elements.push(low_six(pending << (6 - bits)));
    }
    Path(elements)
}

fn low_six(bits: u32) -> u8 {
    (bits & 63) as u8
}

/// Number of leading elements that two lists share.
pub(crate) fn common_length(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_specification() {
        for (bytes, elements) in [(64, 86), (32, 43), (8, 11), (1, 2), (3, 4), (0, 0)] {
            assert_eq!(path(&vec![0xa5; bytes]).len(), elements);
        }
    }

    #[test]
    fn padding_counts_when_keys_conflict() {
        let short = path(&[0x3c]);
        assert!(short.conflicts_with(&path(&[0x3c, 0x00])));
        assert!(!short.conflicts_with(&path(&[0x3c, 0x10])));
        assert!(!short.conflicts_with(&path(&[0x38])));
    }
}
