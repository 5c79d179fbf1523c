/** What the page asks its worker as a peer, and what comes of it: plain values. */
import type { PasskeyLock, TabIdentity } from '../identity/identity-types.ts'
import type { ClientErrorCode } from '../types.ts'
import type { GossipStatus, PeerMessage } from './peer-types.ts'

export type PeerWish =
  | { readonly kind: 'identity' }
  | { readonly kind: 'status' }
  | { readonly kind: 'export'; readonly passphrase: string }
  | { readonly kind: 'import'; readonly file: Uint8Array; readonly passphrase: string; readonly replace: boolean }
  | { readonly kind: 'forget'; readonly peerId: string }
  /** Null: a key of the browser. */
  | { readonly kind: 'protect'; readonly passkey: { readonly key: CryptoKey; readonly lock: PasskeyLock } | null }
  | { readonly kind: 'lock' }
  | { readonly kind: 'unlock'; readonly key: CryptoKey }
  | { readonly kind: 'publish'; readonly bitmask: Uint8Array; readonly data: Uint8Array }
  | { readonly kind: 'subscribe'; readonly bitmask: Uint8Array; readonly listener: number }
  | { readonly kind: 'unsubscribe'; readonly listener: number }

/** What each kind of wish gives. */
export interface PeerAnswers {
  readonly identity: TabIdentity
  readonly status: GossipStatus
  readonly export: Uint8Array
  readonly import: TabIdentity
  readonly forget: null
  readonly protect: TabIdentity
  /** Null: no passkey has to be asked. */
  readonly lock: PasskeyLock | null
  readonly unlock: TabIdentity
  readonly publish: number
  readonly subscribe: null
  readonly unsubscribe: null
}

export type PeerOutcome =
  | { readonly kind: 'done'; readonly answer: PeerAnswers[keyof PeerAnswers] }
  | { readonly kind: 'failed'; readonly code: ClientErrorCode; readonly reason: string }

/** A message with the listeners that it is for. */
export interface Delivery {
  readonly listeners: readonly number[]
  readonly message: PeerMessage
}

/** Takes messages to the page; the next ones are sent when it has answered. */
export type OnDeliveries = (deliveries: readonly Delivery[]) => void | Promise<void>
