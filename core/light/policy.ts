/** Numbers and choices of the light client, in one place (docs/limits.md). */

/** Time proofs of heads: all, about one in `SAMPLE_EVERY`, or none (spec 11 section 8.5). */
export type TimeProofPolicy = 'every' | 'sampled' | 'off'

export interface LightLimits {
  /** Headers kept, 1 to 360. */
  readonly headers: number
  /** Bytes kept, at most 8 MiB. */
  readonly bytes: number
  /** Connections at one time. */
  readonly peers: number
  /** Oldest acceptable anchors. */
  readonly anchorAgeMillis: number
}

export const DEFAULT_LIMITS: LightLimits = {
  headers: 360,
  bytes: 8 << 20,
  peers: 3,
  anchorAgeMillis: 30 * 86_400_000,
}

/** Limits that an embedder wishes, kept within the most that a tab may use. */
export function boundLimits(wished: Partial<LightLimits>): LightLimits {
  const within = (value: number | undefined, least: number, most: number): number =>
    value === undefined || Number.isNaN(value) ? most : Math.min(most, Math.max(least, value))
  return {
    headers: Math.floor(within(wished.headers, 1, DEFAULT_LIMITS.headers)),
    bytes: Math.floor(within(wished.bytes, 64 << 10, DEFAULT_LIMITS.bytes)),
    peers: wished.peers === undefined ? DEFAULT_LIMITS.peers : Math.floor(within(wished.peers, 1, 16)),
    anchorAgeMillis: wished.anchorAgeMillis ?? DEFAULT_LIMITS.anchorAgeMillis,
  }
}

export const SAMPLE_EVERY = 8

/** Frames below the newest one that are fetched and verified, so that the last ones can be shown. */
export const FILL_DEPTH = 24n
/** Frames below one that is signed below quorum that are asked for at once, to find one that is certified. */
export const STEP_SIZE = 16n
/** How often a peer is followed down from frames below quorum before it counts as useless. */
export const STEP_ROUNDS = 8

/** What was stored is verified before a node is dialled, at most this long: both at once would delay the first verified frame. */
export const STORED_FIRST_MILLIS = 1_000
export const DIAL_TIMEOUT_MILLIS = 15_000
export const HELLO_TIMEOUT_MILLIS = 10_000
export const ASK_TIMEOUT_MILLIS = 10_000
/** A query without any peer waits this long for one. */
export const QUERY_TIMEOUT_MILLIS = 20_000
/** Added to the time-out of a question before the machine gives up waiting for the driver. */
export const GRACE_MILLIS = 5_000
/** After this long a job counts as lost with its worker. */
export const JOB_TIMEOUT_MILLIS = { open: 60_000, inspect: 30_000, certificate: 60_000, timeProof: 300_000 } as const
/** How often opening the committee is tried when the engine crashes. */
export const OPEN_ATTEMPTS = 3
export const PERSIST_TIMEOUT_MILLIS = 10_000
export const STATE_INTERVAL_MILLIS = 500
/** The machine wakes at least this often; a longer pause means that the device slept. */
export const TICK_MILLIS = 15_000
export const SLEEP_MILLIS = 60_000
/** Announcements of one peer in ten seconds before it counts as a flood. */
export const FLOOD_WINDOW_MILLIS = 10_000
export const FLOOD_ANNOUNCEMENTS = 64
/** Answers with alerts of one peer that wait to be judged. */
export const MOST_ALERT_ANSWERS = 4
/** Alerts that are remembered; the oldest of those that were dismissed go first. */
export const MOST_ALERTS_KEPT = 1000
/** Pause before what verifies alerts is loaded again. */
export const ALERT_READER_PAUSE_MILLIS = 15_000
/** Pause for a peer that limits our rate. */
export const REST_MILLIS = 5_000
/** Time-outs in a row before a peer is left. */
export const SILENCES = 2
/** Candidates and their bytes at one time. */
export const MOST_CANDIDATES = 160
export const MOST_CANDIDATE_BYTES = 4 << 20
/** Time proofs that may wait before the state says that they are behind, and before the oldest are given up. */
export const TIME_PROOFS_BEHIND = 8
export const TIME_PROOFS_WAITING = 32

/** No new frame for this long is a stall. */
export function stallMillis(frameIntervalMillis: number): number {
  return Math.max(60_000, 6 * frameIntervalMillis)
}

/** Pause before the next attempt at an address: short after a failure, long after a lie. */
export function backOffMillis(failures: number, misdeeds: number): number {
  const afterFailures = failures === 0 ? 0 : Math.min(60_000, 1000 * 2 ** Math.min(failures - 1, 10))
  const afterMisdeeds = misdeeds === 0 ? 0 : Math.min(3_600_000, 30_000 * 2 ** Math.min(misdeeds - 1, 10))
  return Math.max(afterFailures, afterMisdeeds)
}

/** Committees that are kept open on a network without a pinned one: frames of the last registries can be verified with them. */
export const COMMITTEES_KEPT = 24
/** Headers of one peer, and of callers, that wait for their committee. */
export const MOST_PARKED = 8
/** Following the registry to one header ends after this long, and after the second when headers of other peers wait. */
export const FOLLOW_MILLIS = 180_000
export const FOLLOW_PATIENCE_MILLIS = 20_000

/**
 * Failures in a row to follow to headers of a peer before it is left, and how often the newest verified frame has become a newer one since the
 * first of them: then something leads to what others send.
 */
export const FOLLOW_ATTEMPTS = 3
export const ADVANCES_TO_DOUBT = 2

/** Pause before the registry is followed again after failures in a row. */
export function followPauseMillis(failures: number): number {
  return failures === 0 ? 0 : Math.min(60_000, 1000 * 2 ** Math.min(failures, 10))
}
