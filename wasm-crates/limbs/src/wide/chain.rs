//! The exponent 2^((n-1)/2), cut into the pieces that every kernel uses.

use super::Wide;
use super::montgomery::{Montgomery, bit, bit_length};
use core::ops::ControlFlow;

/// Called now and then during long work; a break stops it.
pub type Tick<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// Squarings between two multiplications by a power of two.
pub(crate) const WINDOW: u32 = 4;

/// Squarings between two ticks, in windows.
pub(crate) const WINDOWS_PER_TICK: u32 = 128;

/// How e = (n-1)/2 is walked: 2^head first, then `windows` times WINDOW squarings and a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Value of the top bits of e, below 2^(2 WINDOW).
    pub head: u32,
    /// Number of windows that follow.
    pub windows: u32,
}

/// The plan for n, with the exponent n >> 1.
pub(crate) fn plan(n: &[u64]) -> Plan {
    let bits = bit_length(n).saturating_sub(1);
    let windows = (bits / WINDOW).saturating_sub(1);
    let head = (windows * WINDOW..bits)
        .rev()
        .fold(0, |v, i| v << 1 | u32::from(bit(n, i + 1)));
    Plan { head, windows }
}

/// Digit `window` (counted from the least significant) of the exponent n >> 1.
pub(crate) fn digit(n: &[u64], window: u32) -> u32 {
    let at = window * WINDOW + 1;
    let (limb, offset) = (at as usize / 64, at % 64);
    let low = n.get(limb).map_or(0, |l| l >> offset);
    let high = match offset {
        0 => 0,
        _ => n.get(limb + 1).map_or(0, |l| l << (64 - offset)),
    };
    (low | high) as u32 & ((1 << WINDOW) - 1)
}

/// Euler's criterion for each candidate by itself.
pub(crate) fn single<M: Montgomery>(
    candidates: &[Wide],
    verdicts: &mut [bool],
    tick: Tick<'_>,
) -> ControlFlow<()> {
    for (n, verdict) in candidates.iter().zip(verdicts) {
        *verdict = false;
        let Some(field) = M::new(n).filter(|_| n[0] % 8 == 7) else {
            continue;
        };
        let Plan { head, windows } = plan(n);
        let mut x = field.power_of_two(head);
        for window in (0..windows).rev() {
            for _ in 0..WINDOW {
                x = field.square(&x);
            }
            x = field.shift(&x, digit(n, window));
            if window % WINDOWS_PER_TICK == 0 {
                tick()?;
            }
        }
        *verdict = x == field.one();
    }
    ControlFlow::Continue(())
}
