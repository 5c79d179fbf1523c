//! The search for the discriminant of a challenge (spec 11 section 1.1).

use crate::int::Int;
use crate::sieve::{DIGITS, M, Positions, Window};
use crate::{Discriminant, Error, MAX_BITS, MIN_BITS};
use core::ops::ControlFlow;
use limbs::wide::{Kernel, LIMBS, Wide, base2_euler, is_prime_given_base2};
use sha2::{Digest, Sha256};

/// A range of indices worth handing to a worker: about a dozen primality tests.
pub const RECOMMENDED_RANGE: u32 = 64;

/// Positions sieved when the search is made; the mean index is 272, one search in 3 million goes further.
const FIRST_WINDOW: u32 = 4096;

/// Positions sieved at a time beyond the first window.
const LATER_WINDOW: u32 = 1024;

/// [`DiscriminantSearch::find`] gives up here: e^-240 of all challenges.
const LAST_INDEX: u32 = 1 << 16;

/// The search for the first prime n + k M of one challenge.
///
/// Ranges of k are independent: several workers, each with a search of the same challenge, take disjoint ranges, and the
/// smallest index found below all untested ones is the answer. Stopping between ranges loses nothing.
#[derive(Clone)]
pub struct DiscriminantSearch {
    start: Wide,
    first: Window,
    kernel: Kernel,
}

/// Where the sieve's primes first divide n + k M.
fn positions(start: &Wide) -> Positions {
    let mut digits = [0; DIGITS];
    for (pair, limb) in digits.as_chunks_mut::<2>().0.iter_mut().zip(start) {
        *pair = [*limb as u32, (limb >> 32) as u32];
    }
    Positions::new(&digits)
}

impl core::fmt::Debug for DiscriminantSearch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DiscriminantSearch")
            .field("kernel", &self.kernel)
            .finish_non_exhaustive()
    }
}

impl DiscriminantSearch {
    /// Expands the seed and sieves the first positions. The protocol's seed is the 32-byte challenge, its length 2048 bits.
    ///
    /// # Errors
    /// [`Error::Bits`] outside [`MIN_BITS`]..=[`MAX_BITS`].
    pub fn new(seed: &[u8], bits: u32) -> Result<Self, Error> {
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(Error::Bits(bits));
        }
        let start = first_candidate(seed, bits).words::<LIMBS>();
        let mut first = Window::new(FIRST_WINDOW);
        positions(&start).mark(0, &mut first);
        Ok(Self {
            start,
            first,
            kernel: Kernel::detect(),
        })
    }

    /// The smallest index k in from..from + count for which n + k M is prime.
    #[must_use]
    pub fn test_range(&self, from: u32, count: u32) -> Option<u32> {
        match self.test_range_while(from, count, &mut || true) {
            ControlFlow::Continue(found) => found,
            ControlFlow::Break(()) => None,
        }
    }

    /// [`Self::test_range`] that asks every few milliseconds whether to go on, and breaks when told not to.
    pub fn test_range_while(
        &self,
        from: u32,
        count: u32,
        go_on: &mut dyn FnMut() -> bool,
    ) -> ControlFlow<(), Option<u32>> {
        let end = from.saturating_add(count);
        let mut tick = || {
            if go_on() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let mut batch = Batch::new(self.kernel);
        // Half a megabyte, and hardly ever needed again: made anew rather than kept.
        let mut later = None;
        let mut at = from;
        while at < end {
            let (window, base, stop) = if at < FIRST_WINDOW {
                (None, 0, end.min(FIRST_WINDOW))
            } else {
                let stop = end.min(at.saturating_add(LATER_WINDOW));
                let mut window = Window::new(stop - at);
                later
                    .get_or_insert_with(|| positions(&self.start))
                    .mark(at, &mut window);
                (Some(window), at, stop)
            };
            let window = window.as_ref().unwrap_or(&self.first);
            for index in (at..stop).filter(|index| !window.is_composite(index - base)) {
                let Some(candidate) = self.candidate(index) else {
                    break;
                };
                if batch.push(index, candidate)
                    && let Some(found) = batch.test(&mut tick)?
                {
                    return ControlFlow::Continue(Some(found));
                }
            }
            at = stop;
        }
        batch.test(&mut tick)
    }

    /// The index of the discriminant. `None` only if there is none below an index that no random challenge reaches.
    #[must_use]
    pub fn find(&self) -> Option<u32> {
        self.test_range(0, LAST_INDEX)
    }

    /// [`Self::find`] that asks every few milliseconds whether to go on.
    pub fn find_while(&self, go_on: &mut dyn FnMut() -> bool) -> ControlFlow<(), Option<u32>> {
        self.test_range_while(0, LAST_INDEX, go_on)
    }

    /// [`Self::find`] on all threads of the current rayon pool. `None` when `cancel` became true.
    #[cfg(feature = "parallel")]
    #[must_use]
    pub fn find_parallel(&self, cancel: &core::sync::atomic::AtomicBool) -> Option<u32> {
        use core::sync::atomic::{AtomicU32, Ordering};
        let next = AtomicU32::new(0);
        let best = AtomicU32::new(u32::MAX);
        let worker = || {
            while !cancel.load(Ordering::Relaxed) {
                let from = next.fetch_add(RECOMMENDED_RANGE, Ordering::Relaxed);
                if from >= LAST_INDEX.min(best.load(Ordering::Relaxed)) {
                    return;
                }
                let mut go_on =
                    || !cancel.load(Ordering::Relaxed) && from < best.load(Ordering::Relaxed);
                let result = self.test_range_while(from, RECOMMENDED_RANGE, &mut go_on);
                if let ControlFlow::Continue(Some(found)) = result {
                    best.fetch_min(found, Ordering::Relaxed);
                }
            }
        };
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| worker());
            }
        });
        let found = best.into_inner();
        (!cancel.load(Ordering::Relaxed) && found != u32::MAX).then_some(found)
    }

    /// The discriminant -(n + k M) of an index that a range test returned.
    ///
    /// # Errors
    /// [`Error::Bits`] when n + k M leaves the supported length.
    pub fn discriminant(&self, index: u32) -> Result<Discriminant, Error> {
        let candidate = self.candidate(index).ok_or(Error::Bits(MAX_BITS + 1))?;
        Discriminant::from_magnitude(Int::from_words(&candidate).ok_or(Error::Bits(MAX_BITS + 1))?)
    }

    /// n + index M, unless it has more than 2048 bits.
    fn candidate(&self, index: u32) -> Option<Wide> {
        let mut candidate = self.start;
        let mut carry = u64::from(index) * u64::from(M);
        for limb in &mut candidate {
            let (sum, over) = limb.overflowing_add(carry);
            *limb = sum;
            carry = u64::from(over);
            if carry == 0 {
                return Some(candidate);
            }
        }
        None
    }
}

/// Candidates waiting for one run of the kernel.
struct Batch {
    kernel: Kernel,
    indices: Vec<u32>,
    candidates: Vec<Wide>,
}

impl Batch {
    fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            indices: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Adds a candidate; true when the batch is full.
    fn push(&mut self, index: u32, candidate: Wide) -> bool {
        self.indices.push(index);
        self.candidates.push(candidate);
        self.indices.len() >= self.kernel.lanes()
    }

    /// Empties the batch: its smallest index of a prime.
    fn test(&mut self, tick: &mut dyn FnMut() -> ControlFlow<()>) -> ControlFlow<(), Option<u32>> {
        let mut verdicts = vec![false; self.indices.len()];
        base2_euler(self.kernel, &self.candidates, &mut verdicts, tick)?;
        let mut found = None;
        for ((verdict, candidate), index) in
            verdicts.iter().zip(&self.candidates).zip(&self.indices)
        {
            if *verdict && is_prime_given_base2(candidate, tick)? {
                found = Some(*index);
                break;
            }
        }
        self.indices.clear();
        self.candidates.clear();
        ControlFlow::Continue(found)
    }
}

/// n of spec 11 section 1.1, steps 1 to 4.
fn first_candidate(seed: &[u8], bits: u32) -> Int {
    let length = bits.div_ceil(8) as usize + 2;
    let mut stream = Vec::with_capacity(length + 32);
    let mut block = 0u16;
    while stream.len() < length {
        let hash = Sha256::new()
            .chain_update(seed)
            .chain_update(block.to_be_bytes())
            .finalize();
        stream.extend_from_slice(&hash);
        block += 1;
    }
    stream.truncate(length);
    let (number, choice) = stream.split_at(length - 2);
    let e = choice
        .iter()
        .fold(0u32, |v, &byte| v << 8 | u32::from(byte));
    let top = Int::small(1).shifted_left(bits - 1);
    // At most 2048 bits, far below the capacity.
    let mut n = Int::from_be_bytes(number)
        .unwrap_or(top)
        .shifted_right((8 - bits % 8) % 8);
    if !n.bit(bits - 1) {
        n = n.add(&top);
    }
    let rest = n.modulo(&Int::small(M));
    n.sub(&rest).add(&Int::small(residue(e % 5760)))
}

/// The e-th integer below M that is 7 mod 8 and prime to 3, 5, 7, 11 and 13, ascending; e < 5760.
fn residue(e: u32) -> u32 {
    (7..M)
        .step_by(8)
        .filter(|r| [3, 5, 7, 11, 13].iter().all(|p| r % p != 0))
        .nth(e as usize)
        .unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use limbs::wide::is_prime;

    #[test]
    fn there_are_5760_residues() {
        let all = (7..M)
            .step_by(8)
            .filter(|r| [3, 5, 7, 11, 13].iter().all(|p| r % p != 0))
            .count();
        assert_eq!(all, 5760);
        assert_eq!((residue(0), residue(5759)), (23, M - 1));
    }

    #[test]
    fn any_cut_into_ranges_gives_the_same_index() {
        let search = DiscriminantSearch::new(b"ranges", 512).expect("supported length");
        let index = search.find().expect("a prime");
        for size in [1, 7, 64, 5000] {
            let cut = (0..)
                .step_by(size)
                .find_map(|from| search.test_range(from, size as u32));
            assert_eq!(cut, Some(index), "ranges of {size}");
        }
        assert_eq!(search.test_range(0, index), None);
        assert_eq!(search.test_range(index, 1), Some(index));
        assert_eq!(search.test_range(u32::MAX, u32::MAX), None);
    }

    #[test]
    fn a_range_can_be_stopped() {
        let search = DiscriminantSearch::new(b"stop", 2048).expect("supported length");
        assert!(search.test_range_while(0, 4096, &mut || false).is_break());
    }

    #[test]
    fn later_windows_find_primes_too() {
        let search = DiscriminantSearch::new(b"later", 256).expect("supported length");
        let from = FIRST_WINDOW - 3;
        let found = search.test_range(from, 3000).expect("a prime");
        for index in from..=found {
            let candidate = search.candidate(index).expect("in range");
            assert_eq!(is_prime(&candidate), index == found);
        }
    }

    #[test]
    fn lengths_outside_the_range_are_refused() {
        for bits in [0, 1, MIN_BITS - 1, MAX_BITS + 1, u32::MAX] {
            assert_eq!(
                DiscriminantSearch::new(b"", bits).err(),
                Some(Error::Bits(bits))
            );
        }
    }

    #[cfg(feature = "parallel")]
    #[test]
    fn all_threads_together_find_the_same_index() {
        use core::sync::atomic::AtomicBool;
        let search = DiscriminantSearch::new(b"parallel", 1024).expect("supported length");
        assert_eq!(search.find_parallel(&AtomicBool::new(false)), search.find());
        assert_eq!(search.find_parallel(&AtomicBool::new(true)), None);
    }
}
