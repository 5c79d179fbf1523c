/**
 * Public types of the embeddable light client (docs/embed). The page and every embedder see only these.
 */
import type { Anchors, NetworkDescription } from '@petal/core/light/anchors.ts'
import type { CommitteeState } from '@petal/core/light/events.ts'
import type { Check, HeaderFacts } from '@petal/core/platform/crypto.ts'
import type { LightTransport } from '@petal/core/platform/network.ts'
import type { Store } from '@petal/core/platform/store.ts'
import type { AlertReads, NetworkAlert } from './alert-api.ts'
import type { RegistryFollowing } from './follow-types.ts'
import type { Peering } from './gossip/peer-types.ts'
import type { StateReads } from './state-types.ts'

export type Phase =
  | 'idle' // created, not started
  | 'connecting' // looking for a peer
  | 'anchoring' // checking the anchors and the stored or first certified head
  | 'verifying' // catching up
  | 'ready' // the newest head that peers offer is verified
  | 'degraded' // works, but something is missing (stale head, peers lost, time proofs behind); see reason
  | 'halted' // evidence of equivocation, unusable anchors or engine, a dead worker: does not go on by itself; see reason
  | 'stopped'

/** One small object, always the latest value and never a log. At most two notifications a second. */
export interface ClientState {
  readonly phase: Phase
  /** Newest verified frame number, null before the first. */
  readonly at: bigint | null
  /** Newest frame number that a peer offers (unverified), null before the first. */
  readonly target: bigint | null
  readonly peers: readonly PeerStatus[]
  /** Which committee frames are verified with; null before the network is known. */
  readonly committee: CommitteeState | null
  readonly health: 'ok' | 'stalled'
  /** Human sentence: why it is so. */
  readonly reason: string
  /** Human sentence: what happens next, or what to do. */
  readonly next: string
}

export type { CommitteeState }

export interface PeerStatus {
  readonly id: string
  readonly address: string
  readonly transport: string
  readonly received: number
  readonly sent: number
  readonly status: 'connecting' | 'connected' | 'failed'
  readonly reason: string | null
}

/** A value with the proof it carries. */
export interface Verified<T> {
  readonly value: T
  readonly frame: bigint
  /** Identity of the frame that vouches for the value, hex. */
  readonly root: string
  /**
   * `certificate`: a quorum signed its identity and rank; `full`: the time proof holds too, which covers number, time, parent and commitments;
   * false: refused or unproven, see reason.
   */
  readonly verified: 'certificate' | 'full' | false
  readonly reason: string | null
  /** Time that the verification took. */
  readonly millis: number
}

export interface HeadValue {
  readonly facts: HeaderFacts
  readonly identity: string
  readonly checks: readonly Check[]
  /** Protobuf bytes of the header. */
  readonly bytes: Uint8Array
  /** Address of the node that sent it, or `gossip`; null = from the store or a checkpoint. */
  readonly from: string | null
  /** When it was verified, milliseconds since the epoch. */
  readonly verifiedAt: number
}

export type Head = Verified<HeadValue>

/** Two certified headers of one number or rank with different identities (spec 11 section 8.3). */
export interface Evidence {
  readonly frame: bigint
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly reason: string
}

/** What this client itself verified in the last hour. */
export interface Work {
  readonly certificates: number
  readonly timeProofs: number
  readonly refusals: number
  readonly millis: number
}

export type ClientErrorCode =
  | 'anchors' // missing, malformed or too old
  | 'timeout' // ready() waited long enough
  | 'noPeers' // no peer could be reached
  | 'engine' // WASM cannot run here
  | 'refused' // a header did not verify and the policy is `refuse`, or what every node sent for a value is no proof of it
  | 'notFound' // no peer has that frame, or its state
  | 'halted' // evidence stopped the client
  | 'crashed' // its worker ended or does not answer
  | 'stopped' // after stop()
  | 'arguments' // a programming mistake of the caller
  | 'import' // a checkpoint or a file of keys that cannot be used
  | 'identity' // the identity of this browser cannot be read, kept or opened
  | 'passphrase' // it does not open the file of keys, or is too short for a new one
  | 'exists' // this browser has another identity already
  | 'locked' // the identity is behind a passkey that was not asked yet
  | 'passkey' // passkeys cannot do this here, or the person refused
  | 'gossip' // a message was not published, or a topic cannot be subscribed to

export interface ClientOptions {
  /** Network description, or the address of a `network.json` to fetch at `start()`. */
  readonly network: NetworkDescription | string
  /** Overrides the anchors of the network description (for instance pasted by a person). */
  readonly anchors?: Anchors
  /** Default: IndexedDB, falling back to memory (said in `state.reason`). */
  readonly store?: Store | 'memory' | 'indexeddb'
  /** Names of built-in transports, or the embedder's own function. Default: all three built-in ones. */
  readonly transports?: readonly ('webtransport' | 'webrtc-direct' | 'websocket' | LightTransport)[]
  /** `refuse`: what does not verify is an error (default). `mark`: it is handed out with `verified: false` and the reason. */
  readonly policy?: 'refuse' | 'mark'
  /**
   * Time proofs: every head (default), some of them (`sampled`: about one in eight, and each that links to no other), or none. Without them
   * nothing but the word of a node speaks for the number and the content of a frame: see `verified`.
   */
  readonly timeProofs?: 'every' | 'sampled' | 'off'
  readonly limits?: {
    /** Headers kept (default and most 360). */
    readonly headers?: number
    /** Bytes kept (default and most 8 MiB). */
    readonly bytes?: number
    /** Connected peers at one time (default 3). */
    readonly peers?: number
    /** Workers (default: number of cores, 1 to 4). */
    readonly workers?: number
    /** Oldest acceptable anchors, in milliseconds (default 30 days). */
    readonly anchorAgeMillis?: number
  }
}

export interface ClientEvents {
  state: ClientState
  /** The newest verified frame is another one, or its time proof was checked now too. */
  head: Head
  /** The same for a frame below the newest: the last ones are verified too, newest first. */
  frame: Head
  evidence: Evidence
  /** The network's operators say something that this tab did not know, or an alert was dismissed. Frames go on being verified. */
  alert: NetworkAlert
  /** A header that a peer sent and this client refused or stepped over. */
  refusal: {
    readonly frame: bigint | null
    readonly from: string
    readonly reason: string
    readonly checks: readonly Check[]
  }
}

export interface Client extends AsyncDisposable, StateReads, AlertReads, RegistryFollowing, Peering {
  readonly state: ClientState
  readonly network: NetworkDescription | null
  /** Idempotent. Does the first I/O; rejects only for programming mistakes: follow `state` or await `ready`. */
  start(): Promise<void>
  /** Resolves with the first verified head. Rejects with `ClientError`; its text names the age of the anchors and what to do. */
  ready(options?: { readonly signal?: AbortSignal; readonly timeoutMillis?: number }): Promise<Head>
  on<K extends keyof ClientEvents>(event: K, listener: (value: ClientEvents[K]) => void): () => void
  /** Newest verified head, or null. */
  head(): Promise<Head | null>
  /** The newest verified heads, newest first, at most `count`. */
  recent(count: number): Promise<readonly Head[]>
  /** A frame by number: from the store, else from peers, verified on the way. */
  header(number: bigint, options?: { readonly signal?: AbortSignal }): Promise<Head>
  /** Verifies the bytes of one header against the anchors of this client, without storing it. Never throws for bad bytes. */
  verify(
    header: Uint8Array,
    options?: { readonly signal?: AbortSignal; readonly timeProof?: boolean },
  ): Promise<Verified<HeadValue | null> & { readonly checks: readonly Check[] }>
  work(): Promise<Work>
  /** A checkpoint of at most 64 KiB that `import` takes. */
  export(): Promise<Uint8Array>
  import(checkpoint: Uint8Array): Promise<Head>
  /** Adds a node by multiaddr (pasted by a person). */
  addAddress(address: string): Promise<void>
  stop(): Promise<void>
}
