//! Sizes: unsigned integers of up to 64 bytes at a leaf, and their sums (spec 20 sections 8.1 and 8.5).

use std::fmt;

/// Longest size of a leaf, in bytes. The protocol writes at most 32 (spec 22 section 2); the wire form names no bound of its own.
pub const MAX_SIZE_BYTES: usize = 64;

/// Longest sum of sizes that is read back, in bytes: no tree has 2^64 leaves.
pub(crate) const MAX_SUM_BYTES: usize = MAX_SIZE_BYTES + 8;

/// An exact unsigned integer; its wire form is the minimal big-endian magnitude, empty for zero.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Size(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(u64),
    /// Minimal big-endian, more than eight bytes.
    Large(Box<[u8]>),
}

impl Size {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Small(0));

    /// From big-endian bytes, leading zeros allowed; `None` when more than [`MAX_SIZE_BYTES`] are left without them.
    #[must_use]
    pub fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        Self::bounded(bytes, MAX_SIZE_BYTES)
    }

    /// The same for a sum of sizes.
    pub(crate) fn sum_from_be_bytes(bytes: &[u8]) -> Option<Self> {
        Self::bounded(bytes, MAX_SUM_BYTES)
    }

    fn bounded(bytes: &[u8], most: usize) -> Option<Self> {
        let size = Self::from_magnitude(bytes);
        (size.byte_length() <= most).then_some(size)
    }

    fn from_magnitude(bytes: &[u8]) -> Self {
        let start = bytes
            .iter()
            .position(|byte| *byte != 0)
            .unwrap_or(bytes.len());
        let digits = bytes.get(start..).unwrap_or_default();
        if digits.len() > 8 {
            return Self(Repr::Large(digits.into()));
        }
        Self(Repr::Small(
            digits
                .iter()
                .fold(0, |value, byte| (value << 8) | u64::from(*byte)),
        ))
    }

    /// From decimal digits; `None` for anything else, and above [`MAX_SIZE_BYTES`].
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        // 155 digits are enough for 64 bytes; the bound keeps the loop below short.
        if text.is_empty() || text.len() > 155 {
            return None;
        }
        let mut magnitude = vec![0u8; MAX_SIZE_BYTES + 1];
        for digit in text.bytes() {
            let mut carry = u32::from(digit.checked_sub(b'0').filter(|value| *value < 10)?);
            for byte in magnitude.iter_mut().rev() {
                let value = u32::from(*byte) * 10 + carry;
                *byte = value as u8;
                carry = value >> 8;
            }
        }
        Self::from_be_bytes(&magnitude)
    }

    /// Minimal big-endian bytes, empty for zero.
    #[must_use]
    pub fn to_be_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Repr::Small(value) => {
                let bytes = value.to_be_bytes();
                let zeros = (value.leading_zeros() / 8) as usize;
                bytes.get(zeros..).unwrap_or_default().to_vec()
            }
            Repr::Large(bytes) => bytes.to_vec(),
        }
    }

    /// The value, when it fits 64 bits.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        match self.0 {
            Repr::Small(value) => Some(value),
            Repr::Large(_) => None,
        }
    }

    pub(crate) fn byte_length(&self) -> usize {
        match &self.0 {
            Repr::Small(value) => 8 - (value.leading_zeros() / 8) as usize,
            Repr::Large(bytes) => bytes.len(),
        }
    }

    /// Exact sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if let (Repr::Small(a), Repr::Small(b)) = (&self.0, &other.0)
            && let Some(sum) = a.checked_add(*b)
        {
            return Self(Repr::Small(sum));
        }
        let (a, b) = (self.to_be_bytes(), other.to_be_bytes());
        let mut sum = vec![0u8; a.len().max(b.len()) + 1];
        let mut carry = 0u16;
        let mut low = a.iter().rev();
        let mut high = b.iter().rev();
        for byte in sum.iter_mut().rev() {
            let value = u16::from(*low.next().unwrap_or(&0))
                + u16::from(*high.next().unwrap_or(&0))
                + carry;
            *byte = value as u8;
            carry = value >> 8;
        }
        Self::from_magnitude(&sum)
    }
}

impl From<u64> for Size {
    fn from(value: u64) -> Self {
        Self(Repr::Small(value))
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::ZERO
    }
}

/// Decimal digits.
impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut magnitude = match &self.0 {
            Repr::Small(value) => return write!(formatter, "{value}"),
            Repr::Large(bytes) => bytes.to_vec(),
        };
        let mut digits = Vec::new();
        while magnitude.iter().any(|byte| *byte != 0) {
            let mut rest = 0u32;
            for byte in &mut magnitude {
                let value = (rest << 8) | u32::from(*byte);
                *byte = (value / 10) as u8;
                rest = value % 10;
            }
            digits.push(char::from(b'0' + rest as u8));
        }
        formatter.write_str(&digits.iter().rev().collect::<String>())
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Size({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_minimal_and_decimal_round_trips() {
        assert!(Size::ZERO.to_be_bytes().is_empty());
        assert_eq!(Size::from(256).to_be_bytes(), [1, 0]);
        let text = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        let two_to_256 = Size::from_decimal(text).unwrap();
        assert_eq!(two_to_256.byte_length(), 33);
        assert_eq!(two_to_256.to_string(), text);
        assert_eq!(Size::from_decimal("0012"), Some(Size::from(12)));
        for bad in ["", "-1", "1x", &"9".repeat(155), &"1".repeat(200)] {
            assert_eq!(Size::from_decimal(bad), None);
        }
    }

    #[test]
    fn sums_carry_into_more_bytes() {
        let most = Size::from(u64::MAX);
        let sum = most.plus(&Size::from(1));
        assert_eq!(sum.to_be_bytes(), [1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let full = Size::from_be_bytes(&[0xff; 64]).unwrap();
        assert_eq!(full.plus(&full).byte_length(), 65);
        assert_eq!(Size::from_be_bytes(&[0xff; 65]), None);
        assert_eq!(Size::from_be_bytes(&[0; 100]), Some(Size::ZERO));
    }
}
