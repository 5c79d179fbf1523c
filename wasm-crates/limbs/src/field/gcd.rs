//! Inverse and quadratic character by division steps (Bernstein and Yang, "Fast constant-time gcd
//! computation and modular inversion", in batches of 62 steps): twenty times faster than
//! exponentiation. [`invert_constant`] is constant time, the others are for public values.

use super::modulus::{MODULUS, WORDS, negative_inverse};

/// Bits of a signed limb, and steps of a batch.
const BITS: u32 = 62;
/// Limbs of a value.
const LIMBS: usize = 10;
/// The bits of a limb.
const MASK: u64 = u64::MAX >> 2;
/// `p^-1 mod 2^62`.
const INVERSE: u64 = negative_inverse().wrapping_neg() & MASK;
/// p.
const P: Limbs = split(&MODULUS);
/// Batches that always suffice: floor((49 * 581 + 57) / 17) steps.
const CONSTANT_BATCHES: usize = ((49 * 581 + 57) / 17usize).div_ceil(BITS as usize);
/// Batches after which the character gives up (it then is computed otherwise): about twice the mean.
const CHARACTER_BATCHES: usize = 45;

/// Limbs of 62 bits, the last signed.
type Limbs = [i64; LIMBS];

/// The matrix of one batch, times 2^62.
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

const fn split(words: &[u64; WORDS]) -> Limbs {
    let mut out = [0i64; LIMBS];
    let mut i = 0;
    while i < LIMBS {
        let at = i * BITS as usize;
        let mut bits = words[at / 64] >> (at % 64);
        if at % 64 > 2 && at / 64 + 1 < WORDS {
            bits |= words[at / 64 + 1] << (64 - at % 64);
        }
        out[i] = (bits & MASK) as i64;
        i += 1;
    }
    out
}

/// The words of a value that is not negative.
fn join(limbs: &Limbs) -> [u64; WORDS] {
    let mut out = [0u64; WORDS];
    for (i, limb) in limbs.iter().enumerate() {
        let at = i * BITS as usize;
        out[at / 64] |= (*limb as u64) << (at % 64);
        if at % 64 > 2 && at / 64 + 1 < WORDS {
            out[at / 64 + 1] |= (*limb as u64) >> (64 - at % 64);
        }
    }
    out
}

/// The factor that clears the low bits of g by adding multiples of f: `-g / f` modulo a power of 2 of at
/// most six bits after a swap, four without.
fn clearing(f: u64, g: u64, swapped: bool, limit: u32) -> u64 {
    let mask = u64::MAX >> (64 - limit);
    if swapped {
        let inverse = f.wrapping_mul(f).wrapping_sub(2).wrapping_mul(f);
        inverse.wrapping_mul(g) & mask & 63
    } else {
        let inverse = f.wrapping_add((f.wrapping_add(1) & 4) << 1);
        inverse.wrapping_neg().wrapping_mul(g) & mask & 15
    }
}

/// 62 division steps on the low bits of f and g.
fn batch(mut eta: i64, mut f: u64, mut g: u64) -> (i64, Matrix) {
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    let mut left = BITS;
    loop {
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= i64::from(zeros);
        left -= zeros;
        if left == 0 {
            break;
        }
        let swapped = eta < 0;
        if swapped {
            eta = -eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        let w = clearing(f, g, swapped, (eta + 1).min(i64::from(left)) as u32);
        g = g.wrapping_add(f.wrapping_mul(w));
        q = q.wrapping_add(u.wrapping_mul(w));
        r = r.wrapping_add(v.wrapping_mul(w));
    }
    (
        eta,
        Matrix {
            u: u as i64,
            v: v as i64,
            q: q as i64,
            r: r as i64,
        },
    )
}

/// As [`batch`], one step at a time and without a branch.
fn batch_constant(mut eta: i64, mut f: u64, mut g: u64) -> (i64, Matrix) {
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    for _ in 0..BITS {
        // All ones when f and g change places; all ones when g is odd.
        let mut swap = (eta >> 63) as u64;
        let odd = 0u64.wrapping_sub(g & 1);
        let signed = |x: u64| (x ^ swap).wrapping_sub(swap);
        g = g.wrapping_add(signed(f) & odd);
        q = q.wrapping_add(signed(u) & odd);
        r = r.wrapping_add(signed(v) & odd);
        swap &= odd;
        eta = (eta ^ swap as i64).wrapping_sub(swap as i64 + 1);
        f = f.wrapping_add(g & swap);
        u = u.wrapping_add(q & swap) << 1;
        v = v.wrapping_add(r & swap) << 1;
        g >>= 1;
    }
    (
        eta,
        Matrix {
            u: u as i64,
            v: v as i64,
            q: q as i64,
            r: r as i64,
        },
    )
}

/// As [`batch`], with f and g kept positive, and the changes of the Jacobi symbol (odd = sign).
fn batch_positive(mut eta: i64, mut f: u64, mut g: u64) -> (i64, Matrix, u64) {
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    let mut sign = 0u64;
    let mut left = BITS;
    loop {
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= i64::from(zeros);
        left -= zeros;
        // (2 / f) is -1 for f = 3, 5 mod 8.
        sign ^= u64::from(zeros) & (f >> 1 ^ f >> 2);
        if left == 0 {
            break;
        }
        let swapped = eta < 0;
        if swapped {
            eta = -eta;
            (f, g) = (g, f);
            (u, q) = (q, u);
            (v, r) = (r, v);
            // Reciprocity: the sign changes when both are 3 mod 4.
            sign ^= (f & g) >> 1;
        }
        let w = clearing(f, g, swapped, (eta + 1).min(i64::from(left)) as u32);
        g = g.wrapping_add(f.wrapping_mul(w));
        q = q.wrapping_add(u.wrapping_mul(w));
        r = r.wrapping_add(v.wrapping_mul(w));
    }
    (
        eta,
        Matrix {
            u: u as i64,
            v: v as i64,
            q: q as i64,
            r: r as i64,
        },
        sign & 1,
    )
}

/// `(f, g) = matrix (f, g) / 2^62`.
fn update_pair(f: &mut Limbs, g: &mut Limbs, t: &Matrix) {
    let (mut cf, mut cg) = (0i128, 0i128);
    for i in 0..LIMBS {
        cf += i128::from(t.u) * i128::from(f[i]) + i128::from(t.v) * i128::from(g[i]);
        cg += i128::from(t.q) * i128::from(f[i]) + i128::from(t.r) * i128::from(g[i]);
        if i > 0 {
            f[i - 1] = (cf as u64 & MASK) as i64;
            g[i - 1] = (cg as u64 & MASK) as i64;
        }
        cf >>= BITS;
        cg >>= BITS;
    }
    f[LIMBS - 1] = cf as i64;
    g[LIMBS - 1] = cg as i64;
}

/// `(d, e) = matrix (d, e) / 2^62 mod p`, both kept in (-2 p, p).
fn update_coefficients(d: &mut Limbs, e: &mut Limbs, t: &Matrix) {
    let (sign_d, sign_e) = (d[LIMBS - 1] >> 63, e[LIMBS - 1] >> 63);
    let mut md = (t.u & sign_d) + (t.v & sign_e);
    let mut me = (t.q & sign_d) + (t.r & sign_e);
    let (mut cd, mut ce) = (0i128, 0i128);
    for i in 0..LIMBS {
        cd += i128::from(t.u) * i128::from(d[i]) + i128::from(t.v) * i128::from(e[i]);
        ce += i128::from(t.q) * i128::from(d[i]) + i128::from(t.r) * i128::from(e[i]);
        if i == 0 {
            let fix =
                |c: i128, m: i64| INVERSE.wrapping_mul(c as u64).wrapping_add(m as u64) & MASK;
            md -= fix(cd, md) as i64;
            me -= fix(ce, me) as i64;
        }
        cd += i128::from(P[i]) * i128::from(md);
        ce += i128::from(P[i]) * i128::from(me);
        if i > 0 {
            d[i - 1] = (cd as u64 & MASK) as i64;
            e[i - 1] = (ce as u64 & MASK) as i64;
        }
        cd >>= BITS;
        ce >>= BITS;
    }
    d[LIMBS - 1] = cd as i64;
    e[LIMBS - 1] = ce as i64;
}

/// `x + p` or `-x` where the mask is all ones, else x; carried, no branch.
fn correct(x: &Limbs, plus_p: i64, negate: i64) -> Limbs {
    let mut out = [0i64; LIMBS];
    let mut carry = 0i64;
    for i in 0..LIMBS {
        let sum = ((x[i] ^ negate) - negate) + (P[i] & plus_p) + carry;
        out[i] = if i + 1 < LIMBS {
            sum & MASK as i64
        } else {
            sum
        };
        carry = sum >> BITS;
    }
    out
}

/// The state of an inversion: f and g, and what they are multiples of the value by, modulo p.
struct Inversion {
    f: Limbs,
    g: Limbs,
    d: Limbs,
    e: Limbs,
}

impl Inversion {
    fn start(value: &[u64; WORDS]) -> Self {
        let mut e = [0i64; LIMBS];
        e[0] = 1;
        Self {
            f: P,
            g: split(value),
            d: [0; LIMBS],
            e,
        }
    }

    fn apply(&mut self, matrix: &Matrix) {
        update_coefficients(&mut self.d, &mut self.e, matrix);
        update_pair(&mut self.f, &mut self.g, matrix);
    }

    /// With g = 0, f is 1 or -1 (or p, when the value was 0 and d is).
    fn finish(&self) -> [u64; WORDS] {
        let d = correct(&self.d, self.d[LIMBS - 1] >> 63, 0);
        let signed = correct(&d, 0, self.f[LIMBS - 1] >> 63);
        join(&correct(&signed, signed[LIMBS - 1] >> 63, 0))
    }
}

/// The inverse modulo p of a canonical integer, and 0 for 0.
pub(super) fn invert(value: &[u64; WORDS]) -> [u64; WORDS] {
    let mut state = Inversion::start(value);
    let mut eta = -1;
    // Ends after at most CONSTANT_BATCHES rounds.
    while state.g != [0; LIMBS] {
        let (next, matrix) = batch(eta, state.f[0] as u64, state.g[0] as u64);
        eta = next;
        state.apply(&matrix);
    }
    state.finish()
}

/// As [`invert`], constant time.
pub(super) fn invert_constant(value: &[u64; WORDS]) -> [u64; WORDS] {
    let mut state = Inversion::start(value);
    let mut eta = -1;
    for _ in 0..CONSTANT_BATCHES {
        let (next, matrix) = batch_constant(eta, state.f[0] as u64, state.g[0] as u64);
        eta = next;
        state.apply(&matrix);
    }
    state.finish()
}

/// Whether a canonical integer is a square modulo p (0 is). `None` when the batches do not suffice.
pub(super) fn is_square(value: &[u64; WORDS]) -> Option<bool> {
    let (mut f, mut g) = (P, split(value));
    if g == [0; LIMBS] {
        return Some(true);
    }
    let mut one = [0i64; LIMBS];
    one[0] = 1;
    let (mut eta, mut sign) = (-1, 0);
    for _ in 0..CHARACTER_BATCHES {
        let low = |x: &Limbs| x[0] as u64 | (x[1] as u64) << BITS;
        let (next, matrix, change) = batch_positive(eta, low(&f), low(&g));
        eta = next;
        sign ^= change;
        update_pair(&mut f, &mut g, &matrix);
        if f == one {
            return Some(sign == 0);
        }
    }
    None
}
