//! 2048-bit modular arithmetic on public values, for the discriminant search (spec 11 section 1.1).
//!
//! The search asks one question of many candidates: is 2^((n-1)/2) = 1 mod n? [`base2_euler`] answers
//! it for a batch with the fastest kernel of the machine; [`is_prime_given_base2`] settles the single survivor.
//!
//! | [`Kernel`] | candidates side by side | where |
//! |---|---|---|
//! | `Portable` | 1, u64 limbs | native, wide-arithmetic WASM |
//! | `Lanes28` | 1, 28-bit digits in scalars | baseline WASM |
//! | `Simd128` | 4, 28-bit digits | simd128 WASM |
//! | `Avx2` | 4, 28-bit digits | native, detected |
//! | `Ifma` | 8, 52-bit digits | native, detected (AVX-512 IFMA) |
//!
//! Everything here runs in variable time: the values are public.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod chain;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod group;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod mont28;
mod mont64;
mod montgomery;
mod primality;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

use core::ops::ControlFlow;
use core::sync::atomic::{AtomicBool, Ordering};

pub use chain::Tick;
pub use mont28::Mont28;
pub use mont64::Mont64;
pub use montgomery::Montgomery;
pub use primality::{is_prime, is_prime_given_base2, is_prime_u128};

/// Number of 64-bit limbs of a [`Wide`].
pub const LIMBS: usize = 32;

/// An integer below 2^2048, least significant limb first.
pub type Wide = [u64; LIMBS];

/// The Montgomery arithmetic that suits the target for a single modulus of up to 2048 bits.
#[cfg(any(not(target_arch = "wasm32"), feature = "wide"))]
pub(crate) type Single = Mont64<LIMBS>;
/// The Montgomery arithmetic that suits the target for a single modulus of up to 2048 bits.
#[cfg(all(target_arch = "wasm32", not(feature = "wide")))]
pub(crate) type Single = Mont28<74>;

static PORTABLE: AtomicBool = AtomicBool::new(false);

/// Forces the portable kernels (`true`) or returns to detection (`false`), for the whole process.
/// The results are the same; this exists to test and to measure the portable path on any machine.
pub fn set_portable(portable: bool) {
    PORTABLE.store(portable, Ordering::Relaxed);
}

/// One implementation of the base-2 test; see the table of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 64-bit limbs and 128-bit products.
    Portable,
    /// 28-bit digits in scalar registers.
    Lanes28,
    /// 28-bit digits of four candidates in WASM simd128 vectors.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
    /// 28-bit digits of four candidates in AVX2 vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 52-bit digits of eight candidates in AVX-512 IFMA vectors.
    #[cfg(target_arch = "x86_64")]
    Ifma,
}

impl Kernel {
    /// The kernel for this machine, build and [`set_portable`] switch.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if !PORTABLE.load(Ordering::Relaxed) {
            if ifma::available() {
                return Self::Ifma;
            }
            if avx2::available() {
                return Self::Avx2;
            }
        }
        #[cfg(all(
            target_arch = "wasm32",
            target_feature = "simd128",
            not(feature = "wide")
        ))]
        if !PORTABLE.load(Ordering::Relaxed) {
            return Self::Simd128;
        }
        if cfg!(all(target_arch = "wasm32", not(feature = "wide"))) {
            Self::Lanes28
        } else {
            Self::Portable
        }
    }

    /// Every kernel that runs on this machine, whatever the switch says.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let candidates = [
            Some(Self::Portable),
            Some(Self::Lanes28),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Some(Self::Simd128),
            #[cfg(target_arch = "x86_64")]
            avx2::available().then_some(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            ifma::available().then_some(Self::Ifma),
        ];
        candidates.into_iter().flatten().collect()
    }

    /// How many candidates it tests side by side: batches of a multiple of this waste nothing.
    #[must_use]
    pub fn lanes(self) -> usize {
        match self {
            Self::Portable | Self::Lanes28 => 1,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => simd128::LANES,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma => ifma::LANES,
        }
    }
}

/// Tests candidates n = 7 mod 8 by Euler's criterion with base 2: `verdicts[i]` becomes true where
/// 2^((n-1)/2) = 1 mod n, which holds for every prime of that residue class and for very few others.
/// Candidates that are not 7 mod 8 get `false`. `tick` is called every few milliseconds; when it
/// breaks, the verdicts are unspecified and the break is returned.
pub fn base2_euler(
    kernel: Kernel,
    candidates: &[Wide],
    verdicts: &mut [bool],
    tick: Tick<'_>,
) -> ControlFlow<()> {
    for (group, out) in candidates
        .chunks(kernel.lanes())
        .zip(verdicts.chunks_mut(kernel.lanes()))
    {
        // A vector kernel costs the same for one candidate as for all its lanes.
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        if kernel == Kernel::Simd128 && group.len() <= 1 {
            chain::single::<Mont28<74>>(group, out, tick)?;
            continue;
        }
        match kernel {
            Kernel::Portable => chain::single::<Mont64<LIMBS>>(group, out, tick)?,
            Kernel::Lanes28 => chain::single::<Mont28<74>>(group, out, tick)?,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kernel::Simd128 => simd128::base2_euler(group, out, tick)?,
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => avx2::base2_euler(group, out, tick)?,
            #[cfg(target_arch = "x86_64")]
            Kernel::Ifma => ifma::base2_euler(group, out, tick)?,
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests;
