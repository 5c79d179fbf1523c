/** Public types of the tab as a peer: its identity and gossip (docs/embed, docs/decisions/0012-tab-identity.md). */
import type { TabIdentity } from '../identity/identity-types.ts'

/**
 * A topic: its bitmask (bytes or hex), or that of an application by its address (32 bytes or hex) and what it is about: `frame` (default),
 * `consensus`, `dispatch`, `prover` (spec 50 section 4).
 */
export type GossipTopic =
  | Uint8Array
  | string
  | { readonly domain: Uint8Array | string; readonly about?: 'frame' | 'consensus' | 'dispatch' | 'prover' }

/** A message whose signature was verified in this tab, or that another tab of this origin signed as the same identity. */
export interface PeerMessage {
  /** Peer id of the author as text. The signature is the author's own, whoever passed the message on. */
  readonly from: string
  readonly data: Uint8Array
  /** Bitmask that the author published on. */
  readonly topic: Uint8Array
  readonly verified: true
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

export interface GossipStatus {
  /** Null before one was made. */
  readonly identity: TabIdentity | null
  /**
   * There was one while this client ran, and it was forgotten, here or in another tab. Gossip rests, and `publish` and `subscribe` reject, until
   * `identity` or `importIdentity` is called in some tab: no other identity is made silently.
   */
  readonly forgotten: boolean
  /** The identity is behind a passkey that was not asked yet. */
  readonly locked: boolean
  readonly running: boolean
  /**
   * Whose key the connections of this tab show: the identity's, or a throw-away one because another tab of this origin is connected with it already.
   * Messages are signed by the identity in both cases. Null while gossip does not run.
   */
  readonly host: 'identity' | 'throwaway' | null
  /**
   * Addresses that gossip can be spoken over from here: of the transports of the client those that workers have in this browser, WebSocket and
   * WebTransport. With none, messages are signed and go nowhere.
   */
  readonly dialable: number
  /** Nodes that gossip with this tab. */
  readonly peers: readonly { readonly id: string; readonly address: string }[]
  readonly topics: readonly { readonly bitmask: string; readonly mesh: number; readonly received: number }[]
  readonly published: number
  readonly received: number
  /** Messages that this page was too slow to take. */
  readonly dropped: number
  /** Messages that peers sent and this tab refused: bad signatures. */
  readonly refused: number
}

export interface Peering {
  /** The identity of this browser; made when there is none. */
  identity(): Promise<TabIdentity>
  gossip(): Promise<GossipStatus>
  /** A file of keys under a passphrase of 8 characters or more, which `importIdentity` and `petal-node keys restore` take. */
  exportIdentity(passphrase: string): Promise<Uint8Array>
  /** Takes the peer key of such a file. `replace` gives up the identity that is there, for good. */
  importIdentity(file: Uint8Array, passphrase: string, options?: { readonly replace?: boolean }): Promise<TabIdentity>
  /** Deletes the identity for good; `peerId` has to be its own. */
  forgetIdentity(peerId: string): Promise<void>
  /** `passkey`: only that passkey opens it from now on (call it when a person asks for it). `browser`: as at first. */
  protectIdentity(by: 'passkey' | 'browser'): Promise<TabIdentity>
  /** Asks the passkey. */
  unlockIdentity(): Promise<TabIdentity>
  /** Signs and sends up to 1 MiB; resolves with the number of nodes that it was sent to. The same bytes go out once an hour at most. */
  publish(topic: GossipTopic, data: Uint8Array): Promise<number>
  /** Calls back for messages of others; the result ends it. Gossip begins with the first call of either, and ends with the last listener. */
  subscribe(topic: GossipTopic, listener: (message: PeerMessage) => void): Promise<() => void>
}
