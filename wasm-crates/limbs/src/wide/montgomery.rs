//! What the algorithms over one modulus need of an implementation.

/// Arithmetic modulo one odd modulus, elements in Montgomery form and fully reduced, so that equal
/// residues are equal elements.
pub trait Montgomery: Sized {
    /// A residue.
    type Element: Copy + PartialEq;

    /// Prepares the modulus given by little-endian limbs. `None` when it is even, below 3 or too wide.
    fn new(modulus: &[u64]) -> Option<Self>;

    /// The residue 2^exponent.
    fn power_of_two(&self, exponent: u32) -> Self::Element;

    /// a * b.
    fn mul(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;

    /// a * a.
    fn square(&self, a: &Self::Element) -> Self::Element;

    /// a + b.
    fn add(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;

    /// a - b.
    fn sub(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;

    /// The residue 0.
    fn zero(&self) -> Self::Element;

    /// The residue 1.
    fn one(&self) -> Self::Element {
        self.power_of_two(0)
    }

    /// The residue of a small integer, by doubling and adding.
    fn small(&self, value: u32) -> Self::Element {
        let one = self.one();
        let mut acc = self.zero();
        for i in (0..32).rev() {
            acc = self.add(&acc, &acc);
            if value >> i & 1 == 1 {
                acc = self.add(&acc, &one);
            }
        }
        acc
    }

    /// a * 2^shift for a small shift.
    fn shift(&self, a: &Self::Element, shift: u32) -> Self::Element {
        (0..shift).fold(*a, |v, _| self.add(&v, &v))
    }
}

/// Number of significant bits of little-endian limbs.
pub(crate) fn bit_length(limbs: &[u64]) -> u32 {
    limbs
        .iter()
        .rposition(|&l| l != 0)
        .map_or(0, |top| top as u32 * 64 + 64 - limbs[top].leading_zeros())
}

/// Bit `i` of little-endian limbs.
pub(crate) fn bit(limbs: &[u64], i: u32) -> bool {
    limbs
        .get(i as usize / 64)
        .is_some_and(|l| l >> (i % 64) & 1 == 1)
}

/// -1/n mod 2^64 for odd n, by Newton's iteration.
pub(crate) fn negated_inverse(n: u64) -> u64 {
    let mut x = n.wrapping_mul(3) ^ 2;
    for _ in 0..4 {
        x = x.wrapping_mul(2u64.wrapping_sub(n.wrapping_mul(x)));
    }
    x.wrapping_neg()
}

/// 2^exponent mod n as plain little-endian limbs, by doubling from the largest power of two below n.
pub(crate) fn power_of_two_mod<const N: usize>(n: &[u64; N], exponent: u32) -> [u64; N] {
    let mut v = [0u64; N];
    let start = exponent.min(bit_length(n).saturating_sub(1));
    if let Some(limb) = v.get_mut(start as usize / 64) {
        *limb = 1 << (start % 64);
    }
    for _ in start..exponent {
        let carry = double(&mut v);
        if carry || !less(&v, n) {
            subtract(&mut v, n);
        }
    }
    v
}

/// a < b for equally long little-endian limbs.
pub(crate) fn less(a: &[u64], b: &[u64]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// v <- 2 v, returning the bit that fell out.
pub(crate) fn double(v: &mut [u64]) -> bool {
    let mut carry = 0;
    for l in v {
        let next = *l >> 63;
        *l = *l << 1 | carry;
        carry = next;
    }
    carry == 1
}

/// v <- v - n mod 2^(64 N), returning the borrow.
pub(crate) fn subtract(v: &mut [u64], n: &[u64]) -> bool {
    let mut borrow = false;
    for (l, &m) in v.iter_mut().zip(n) {
        let (d, b1) = l.overflowing_sub(m);
        let (d, b2) = d.overflowing_sub(u64::from(borrow));
        *l = d;
        borrow = b1 | b2;
    }
    borrow
}

/// v <- v + n mod 2^(64 N), returning the carry.
pub(crate) fn add_assign(v: &mut [u64], n: &[u64]) -> bool {
    let mut carry = false;
    for (l, &m) in v.iter_mut().zip(n) {
        let (s, c1) = l.overflowing_add(m);
        let (s, c2) = s.overflowing_add(u64::from(carry));
        *l = s;
        carry = c1 | c2;
    }
    carry
}

/// Copies limbs into a fixed width; `None` when significant limbs do not fit or the value is even or below 3.
pub(crate) fn odd_modulus<const N: usize>(limbs: &[u64]) -> Option<[u64; N]> {
    let mut out = [0u64; N];
    for (i, &l) in limbs.iter().enumerate() {
        match out.get_mut(i) {
            Some(slot) => *slot = l,
            None if l == 0 => {}
            None => return None,
        }
    }
    (out.first()? & 1 == 1 && bit_length(&out) > 1).then_some(out)
}
