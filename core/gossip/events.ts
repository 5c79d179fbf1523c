/**
 * What the router is told (`GossipEvent`) and what it asks for (`GossipEffect`). Answers carry the job they belong to and may come late, twice
 * or never.
 */
import type { Millis } from '../platform/machine.ts'
import type { BitmaskKey } from './bitmask.ts'
import type { GossipMessage } from './message.ts'
import type { OfferedPeer } from './rpc.ts'

/** Name of a connected peer: its peer id as text. One name, one peer, however many connections. */
export type PeerKey = string

/** Names one request of the router for its whole life. */
export type JobKey = number

/** What the application says of a message: `reject` blames whoever sent it, `ignore` only drops it. */
export type Verdict = 'accept' | 'ignore' | 'reject'

export type GossipEvent =
  /**
   * A peer speaks the protocol and the stream to it is open. `address`: its IP address as text, null when not known. `hasTwins`: other hosts may
   * sign as its identity, as tabs of one person do.
   */
  | {
      readonly kind: 'connected'
      readonly peer: PeerKey
      readonly outbound: boolean
      readonly address: string | null
      readonly hasTwins?: boolean
    }
  | { readonly kind: 'disconnected'; readonly peer: PeerKey }
  /** The peer opened its stream; a second one replaces the first. `stream` is never used again. */
  | { readonly kind: 'streamOpened'; readonly peer: PeerKey; readonly stream: number }
  /** One RPC without its length. */
  | { readonly kind: 'frame'; readonly peer: PeerKey; readonly stream: number; readonly bytes: Uint8Array }
  /** The stream held a length that is refused, or ended inside a frame. */
  | { readonly kind: 'streamBroken'; readonly peer: PeerKey; readonly stream: number; readonly reason: string }
  /** So many bytes of `send` effects left for the peer, or were dropped. */
  | { readonly kind: 'sent'; readonly peer: PeerKey; readonly bytes: number }
  | { readonly kind: 'subscribe'; readonly bitmask: Uint8Array }
  | { readonly kind: 'unsubscribe'; readonly bitmask: Uint8Array }
  | { readonly kind: 'publish'; readonly publish: number; readonly bitmask: Uint8Array; readonly data: Uint8Array }
  /** Answers `sign`; null = it failed. */
  | { readonly kind: 'signed'; readonly job: JobKey; readonly signature: Uint8Array | null }
  /** Answers `verify`. */
  | { readonly kind: 'verified'; readonly job: JobKey; readonly valid: boolean }
  /** Answers `validate`. */
  | { readonly kind: 'judged'; readonly job: JobKey; readonly verdict: Verdict }
  /** Moves the application's score of a peer; its weight is 10. */
  | { readonly kind: 'applicationScore'; readonly peer: PeerKey; readonly change: number }
  | { readonly kind: 'wake' }

/** Why something that the embedder asked for was not done. */
export type RefusalCode =
  | 'subscriptions' // 256 topics are announced on one connection at most (P2P-13)
  | 'bitmask' // longer than any topic
  | 'size' // the message does not fit a frame of 16 MiB
  | 'duplicate' // the same bytes were published on this topic lately
  | 'signing' // the signer failed or did not answer

export type GossipEffect =
  /** Framed bytes, at most 16 MiB. Answered by `sent`. */
  | { readonly kind: 'send'; readonly peer: PeerKey; readonly bytes: Uint8Array }
  /** Resets the peer's stream to us; it may open another. */
  | { readonly kind: 'closeStream'; readonly peer: PeerKey; readonly stream: number; readonly reason: string }
  /** Signature of the own identity over `payload`. */
  | { readonly kind: 'sign'; readonly job: JobKey; readonly payload: Uint8Array }
  /** Whether `signature` over `payload` is of `key` (a public key record). `peer` sent it. */
  | {
      readonly kind: 'verify'
      readonly job: JobKey
      readonly peer: PeerKey
      readonly key: Uint8Array
      readonly payload: Uint8Array
      readonly signature: Uint8Array
    }
  /** What the application thinks of a message whose signature holds; it is passed on after `accept` only. */
  | { readonly kind: 'validate'; readonly job: JobKey; readonly peer: PeerKey; readonly message: GossipMessage }
  /** A message for the application, once. `subscriptions`: whose bits hold those of the message. */
  | {
      readonly kind: 'deliver'
      readonly peer: PeerKey
      readonly message: GossipMessage
      readonly subscriptions: readonly BitmaskKey[]
    }
  /** `publish` was signed and sent to so many peers. */
  | { readonly kind: 'published'; readonly publish: number; readonly peers: number }
  | { readonly kind: 'publishRefused'; readonly publish: number; readonly code: RefusalCode }
  | { readonly kind: 'subscribeRefused'; readonly bitmask: Uint8Array; readonly code: RefusalCode }
  /** A trusted peer names others; their records are not verified yet. */
  | { readonly kind: 'peersOffered'; readonly peer: PeerKey; readonly peers: readonly OfferedPeer[] }
  /** Send `wake` at this time; replaces the wish before it. */
  | { readonly kind: 'wake'; readonly at: Millis }
