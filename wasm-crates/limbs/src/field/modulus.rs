//! The modulus and the constants that follow from it, computed at compile time.

/// 64-bit words of an element.
pub const WORDS: usize = 10;

/// p = (u - 1)^2 r / 3 + u with u = -0x140000381, least significant word first (spec 10 section 1).
pub const MODULUS: [u64; WORDS] = [
    0x3edc_154e_6565_912b,
    0x578f_df72_1a4a_48ac,
    0x8367_a551_3170_ee0a,
    0xcd30_394f_4736_daf6,
    0x8ae4_3af6_e082_acd9,
    0xe6c0_f1f3_9754_44a4,
    0xe84f_8d12_2131_bb3b,
    0x24e3_1d47_012a_0056,
    0x80f7_3ff3_476f_3138,
    0x0000_0000_0000_0012,
];

/// `2^bits mod p`.
pub(super) const fn power_of_two(bits: usize) -> [u64; WORDS] {
    let mut x = [0u64; WORDS];
    x[0] = 1;
    let mut i = 0;
    while i < bits {
        x = double(&x);
        i += 1;
    }
    x
}

/// `-p^-1 mod 2^64`.
pub(super) const fn negative_inverse() -> u64 {
    let mut inv = 1u64;
    let mut i = 0;
    while i < 6 {
        inv = inv.wrapping_mul(2u64.wrapping_sub(MODULUS[0].wrapping_mul(inv)));
        i += 1;
    }
    inv.wrapping_neg()
}

/// `p << bits` for small shifts.
pub(super) const fn shifted(bits: u32) -> [u64; WORDS] {
    let mut out = [0u64; WORDS];
    let mut i = 0;
    while i < WORDS {
        out[i] = MODULUS[i] << bits;
        if i > 0 {
            out[i] |= MODULUS[i - 1] >> (64 - bits);
        }
        i += 1;
    }
    out
}

/// `2 x mod p` for canonical x.
const fn double(x: &[u64; WORDS]) -> [u64; WORDS] {
    let mut twice = [0u64; WORDS];
    let mut i = 0;
    while i < WORDS {
        twice[i] = x[i] << 1;
        if i > 0 {
            twice[i] |= x[i - 1] >> 63;
        }
        i += 1;
    }
    let (less, borrow) = subtract(&twice, &MODULUS);
    if borrow { twice } else { less }
}

/// `a - b` and whether it is negative.
pub(super) const fn subtract(a: &[u64; WORDS], b: &[u64; WORDS]) -> ([u64; WORDS], bool) {
    let mut out = [0u64; WORDS];
    let mut borrow = false;
    let mut i = 0;
    while i < WORDS {
        let (x, b0) = a[i].overflowing_sub(b[i]);
        let (y, b1) = x.overflowing_sub(borrow as u64);
        out[i] = y;
        borrow = b0 | b1;
        i += 1;
    }
    (out, borrow)
}
