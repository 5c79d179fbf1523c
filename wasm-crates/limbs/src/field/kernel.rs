//! What a field kernel offers, and what follows from it for every kernel alike.

use subtle::Choice;

use super::gcd;
use super::modulus::{MODULUS, WORDS, subtract};

/// Repeats a block for a list of compile-time numbers.
macro_rules! unrolled {
    ($name:ident in [$($k:literal)*] $body:block) => {
        $({ const $name: usize = $k; $body })*
    };
}
pub(super) use unrolled;

/// Bytes of an element on the wire.
const BYTES: usize = 73;

/// One representation of the field. See the module documentation for the bounds.
pub trait Kernel: Copy + core::fmt::Debug + Send + Sync + 'static {
    /// A sum of products before reduction, signed.
    type Wide: Copy;

    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 0 at double width.
    const WIDE_ZERO: Self::Wide;

    /// The element of an integer below 2^584, words least significant first.
    fn from_words(words: &[u64; WORDS]) -> Self;
    /// The canonical integer, in `[0, p)`.
    fn to_words(&self) -> [u64; WORDS];

    /// `self + other`, not reduced.
    fn add(&self, other: &Self) -> Self;
    /// `self - other + 256 p`, not reduced.
    fn sub_loose(&self, other: &Self) -> Self;
    /// The same residue below 1.1 p.
    fn tidy(&self) -> Self;
    /// `self / 2`.
    fn halve(&self) -> Self;

    /// `out = self * other`.
    fn mul_wide(&self, other: &Self, out: &mut Self::Wide);
    /// `out = self^2`.
    fn sqr_wide(&self, out: &mut Self::Wide);
    /// `acc += term`.
    fn wide_add(acc: &mut Self::Wide, term: &Self::Wide);
    /// `acc -= term`.
    fn wide_sub(acc: &mut Self::Wide, term: &Self::Wide);
    /// The Montgomery reduction of a sum of products.
    fn reduce(wide: &Self::Wide) -> Self;

    /// `b` if `choice` is set, else `a`; no branch.
    fn select(a: &Self, b: &Self, choice: Choice) -> Self;

    /// `self - other`, below 1.1 p.
    #[inline]
    fn sub(&self, other: &Self) -> Self {
        self.sub_loose(other).tidy()
    }

    /// `-self`.
    #[inline]
    fn neg(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// `2 self`, not reduced.
    #[inline]
    fn dbl(&self) -> Self {
        self.add(self)
    }

    /// `self * other`.
    #[inline]
    fn mul(&self, other: &Self) -> Self {
        let mut wide = Self::WIDE_ZERO;
        self.mul_wide(other, &mut wide);
        Self::reduce(&wide)
    }

    /// `self^2`.
    #[inline]
    fn sqr(&self) -> Self {
        let mut wide = Self::WIDE_ZERO;
        self.sqr_wide(&mut wide);
        Self::reduce(&wide)
    }

    /// `self^exponent` for a public exponent, words least significant first (windows of 5 bits).
    fn pow(&self, exponent: &[u64; WORDS]) -> Self {
        const WINDOW: usize = 5;
        let mut table = [Self::ONE; 1 << WINDOW];
        for i in 1..table.len() {
            table[i] = table[i - 1].mul(self);
        }
        let mut acc = Self::ONE;
        let mut started = false;
        for window in (0..(WORDS * 64).div_ceil(WINDOW)).rev() {
            if started {
                for _ in 0..WINDOW {
                    acc = acc.sqr();
                }
            }
            let digit = (0..WINDOW).rev().fold(0, |digit, bit| {
                let at = window * WINDOW + bit;
                let word = exponent.get(at / 64).copied().unwrap_or(0);
                digit << 1 | (word >> (at % 64) & 1) as usize
            });
            if digit != 0 {
                acc = acc.mul(&table[digit]);
                started = true;
            }
        }
        acc
    }

    /// `self^-1`, and 0 for 0; constant time.
    fn invert(&self) -> Self {
        Self::from_words(&gcd::invert_constant(&self.to_words()))
    }

    /// `self^-1`, and 0 for 0, of a public value; not constant time.
    fn invert_public(&self) -> Self {
        Self::from_words(&gcd::invert(&self.to_words()))
    }

    /// Whether a public value is a square (0 is); not constant time.
    fn is_square_public(&self) -> bool {
        gcd::is_square(&self.to_words()).unwrap_or_else(|| {
            let character = self.mul(&self.pow_root().sqr());
            self.is_zero() || character.equals(&Self::ONE)
        })
    }

    /// `self^((p-3)/4)`: the exponentiation behind square roots. With c = it and a = self, `a c` is a
    /// root of a or of -a, and `a c^2` is the quadratic character of a.
    fn pow_root(&self) -> Self {
        self.pow(&P_MINUS_3_OVER_4)
    }

    /// A square root, if there is one.
    fn sqrt(&self) -> Option<Self> {
        let root = self.mul(&self.pow_root());
        root.sqr().equals(self).then_some(root)
    }

    /// Whether both stand for the same residue; constant time.
    fn equals(&self, other: &Self) -> bool {
        self.sub(other).is_zero()
    }

    /// Whether the residue is 0; constant time but for the answer.
    fn is_zero(&self) -> bool {
        self.to_words().iter().fold(0, |acc, word| acc | word) == 0
    }

    /// The parity of the canonical integer (sgn0 of RFC 9380).
    fn parity(&self) -> u8 {
        (self.to_words()[0] & 1) as u8
    }

    /// 73 bytes, big-endian, canonical.
    fn to_bytes(&self) -> [u8; BYTES] {
        let words = self.to_words();
        let mut out = [0u8; BYTES];
        for (i, byte) in out.iter_mut().rev().enumerate() {
            *byte = (words[i / 8] >> (8 * (i % 8))) as u8;
        }
        out
    }

    /// The element of 73 big-endian bytes; `None` when the integer is not below p.
    fn from_bytes(bytes: &[u8; BYTES]) -> Option<Self> {
        let words = words_of_bytes(bytes);
        let (_, below) = subtract(&words, &MODULUS);
        below.then(|| Self::from_words(&words))
    }

    /// The residue of a big-endian byte string of any length.
    fn from_bytes_reduced(bytes: &[u8]) -> Self {
        let radix = Self::from_words(&{
            let mut words = [0u64; WORDS];
            words[8] = 1;
            words
        });
        let mut acc = Self::ZERO;
        let head = bytes.len() % 64;
        let (first, rest) = bytes.split_at(head);
        for chunk in core::iter::once(first).chain(rest.chunks(64)) {
            acc = acc
                .mul(&radix)
                .add(&Self::from_words(&words_of_bytes(chunk)));
        }
        acc.tidy()
    }

    /// The element of a small integer.
    fn from_u64(value: u64) -> Self {
        let mut words = [0u64; WORDS];
        words[0] = value;
        Self::from_words(&words)
    }
}

/// Words of at most 80 big-endian bytes.
fn words_of_bytes(bytes: &[u8]) -> [u64; WORDS] {
    let mut words = [0u64; WORDS];
    for (i, byte) in bytes.iter().rev().take(8 * WORDS).enumerate() {
        words[i / 8] |= u64::from(*byte) << (8 * (i % 8));
    }
    words
}

/// `(p - 3) / 4`: p is 3 mod 4, so this is a shift.
const P_MINUS_3_OVER_4: [u64; WORDS] = {
    let mut out = [0u64; WORDS];
    let mut i = 0;
    while i < WORDS {
        out[i] = MODULUS[i] >> 2;
        if i + 1 < WORDS {
            out[i] |= MODULUS[i + 1] << 62;
        }
        i += 1;
    }
    out
};
