//! Whose handshakes are going on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Counts = HashMap<IpAddr, usize>;

/// Handshakes by the address they come from. There are no more entries than handshakes.
#[derive(Default)]
pub(crate) struct Handshakes(Arc<Mutex<Counts>>);

impl Handshakes {
    /// How many of this address are going on.
    pub fn of(&self, address: IpAddr) -> usize {
        lock(&self.0).get(&address).copied().unwrap_or(0)
    }

    /// One more, until the guard is dropped.
    pub fn begin(&self, address: IpAddr) -> Handshake {
        *lock(&self.0).entry(address).or_insert(0) += 1;
        Handshake {
            counts: self.0.clone(),
            address,
        }
    }
}

/// A handshake that is going on.
pub(crate) struct Handshake {
    counts: Arc<Mutex<Counts>>,
    address: IpAddr,
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        let left = counts.get(&self.address).map_or(0, |count| count - 1);
        if left == 0 {
            counts.remove(&self.address);
        } else {
            counts.insert(self.address, left);
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
