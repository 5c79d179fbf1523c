//! The lock of a data directory (`store::DirectoryLock`), converted and nothing else.

use napi::Result;
use napi::bindgen_prelude::Error;
use napi_derive::napi;
use std::path::Path;
use store::Taken;

/// What reaching for a directory came to.
#[napi]
pub struct DirectoryLock {
    lock: Option<store::DirectoryLock>,
    holder: Option<String>,
}

#[napi]
impl DirectoryLock {
    /// Reaches for an existing directory without waiting; `holder` is what others are told meanwhile.
    #[napi(factory, catch_unwind)]
    pub fn take(directory: String, holder: String) -> Result<Self> {
        let taken = store::DirectoryLock::take(Path::new(&directory), &holder);
        Ok(
            match taken.map_err(|cause| Error::from_reason(cause.to_string()))? {
                Taken::Held(lock) => Self {
                    lock: Some(lock),
                    holder: None,
                },
                Taken::InUse(holder) => Self {
                    lock: None,
                    holder: Some(holder),
                },
            },
        )
    }

    /// Who has the directory, empty when it said nothing; null when it is ours.
    #[napi(getter)]
    pub fn holder(&self) -> Option<String> {
        self.holder.clone()
    }

    /// Whether the last holder ended without a release.
    #[napi(getter)]
    pub fn stale(&self) -> bool {
        self.lock
            .as_ref()
            .is_some_and(store::DirectoryLock::is_stale)
    }

    /// Frees the directory. Idempotent.
    #[napi(catch_unwind)]
    pub fn release(&mut self) {
        if let Some(lock) = self.lock.take() {
            lock.release();
        }
    }
}
