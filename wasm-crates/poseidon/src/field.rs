//! What Poseidon needs of the field; two implementations, compared with each other in the tests.

/// The BN254 scalar order q, four 64-bit limbs, least significant first (spec 10 section 3.1).
pub(crate) const Q: [u64; 4] = [
    0x43e1_f593_f000_0001,
    0x2833_e848_79b9_7091,
    0xb850_45b6_8181_585d,
    0x3064_4e72_e131_a029,
];

/// Four 64-bit limbs, least significant first.
pub(crate) type Limbs = [u64; 4];

/// `a >= b`.
pub(crate) fn at_least(a: &Limbs, b: &Limbs) -> bool {
    a.iter().rev().ge(b.iter().rev())
}

/// `a - b` modulo 2^256.
pub(crate) const fn subtract(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (d, x) = a[i].overflowing_sub(b[i]);
        let (d, y) = d.overflowing_sub(borrow as u64);
        out[i] = d;
        borrow = x | y;
        i += 1;
    }
    out
}

/// An element of F_q in Montgomery form, always reduced below q.
pub(crate) trait Field: Copy + Eq + core::fmt::Debug + Send + Sync + 'static {
    const ZERO: Self;
    const ONE: Self;

    /// Takes an integer below q.
    fn from_limbs(limbs: &Limbs) -> Self;
    /// The integer in `[0, q)`.
    fn to_limbs(self) -> Limbs;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn square(self) -> Self;

    /// `x^5`, the S-box.
    fn fifth_power(self) -> Self {
        self.square().square().mul(self)
    }

    /// `x^(q-2)`: the inverse, or zero of zero. Not constant time: constants only.
    fn inverse(self) -> Self {
        let exponent = subtract(&Q, &[2, 0, 0, 0]);
        let mut out = Self::ONE;
        for limb in exponent.iter().rev() {
            for bit in (0..64).rev() {
                out = out.square();
                if limb >> bit & 1 == 1 {
                    out = out.mul(self);
                }
            }
        }
        out
    }

    /// Sum of products of two rows of at most [`MAX_TERMS`] elements, reduced once at the end.
    fn inner_product(a: &[Self], b: &[Self]) -> Self;
}

/// Longest row: the width of the widest state, 17, and five S-box outputs of a block of partial rounds.
pub(crate) const MAX_TERMS: usize = 22;
