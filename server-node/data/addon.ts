/** The lock of a directory as the addon exposes it (wasm-crates/native/src/lock.rs). */

export interface AddonDirectoryLock {
  /** Who has the directory, empty when it said nothing; null when it is ours. */
  readonly holder: string | null
  /** Whether the last holder ended without a release. */
  readonly stale: boolean
  /** Frees the directory. Idempotent. */
  release(): void
}

export interface LockAddon {
  readonly DirectoryLock: {
    /** Reaches for an existing directory; `holder` is what others are told meanwhile. Freed when it is collected. */
    take(directory: string, holder: string): AddonDirectoryLock
  }
}
