/** Steps that only a page can run, because they need several workers or a new one. */
export const TWO_WORKERS = 'discriminant-two-workers'
export const VERIFIER_START = 'verifier-start'
export const VERIFIER_FIRST = 'verifier-first-proof'

export const TAB_TITLES: Readonly<Record<string, string>> = {
  [TWO_WORKERS]: 'discriminant in a tab, two workers (mean counts)',
  [VERIFIER_START]: 'verifier start: set-up, the first proof in a new worker less a later one',
  [VERIFIER_FIRST]: 'new worker: load the verifier module from loopback and check one proof',
}

/** What an answer of a new worker says of its start, wall milliseconds. */
export interface VerifierStart {
  /** Fetch, compile, instantiate. */
  readonly loadMillis: number
  readonly firstMillis: number
  /** Least of some more. */
  readonly laterMillis: number
}
