/** What this node says about itself: addresses by spec 51 section 2, signed, made anew each time it is published. */

import { multiaddr } from '@multiformats/multiaddr'
import { node } from '@petal/core/codec/index.ts'
import {
  CAPABILITIES,
  type Ed448Signer,
  type Identity,
  type PeerInfo,
  signPeerInfo,
} from '@petal/core/identity/index.ts'

/** Published at start and then this often. */
export const PUBLISH_MILLIS = 30 * 60_000

/** Version of the protocol and patch, as peers announce them (spec 51 section 2). */
export const VERSION = Uint8Array.of(2, 1, 0)
export const PATCH_NUMBER = Uint8Array.of(0x18)

/** Filter of the master's record. */
const MASTER_FILTER = new Uint8Array(32).fill(0xff)

/** Where something can be reached: multiaddr texts for gossip and for the stream port. */
export interface Addresses {
  readonly pubsub: readonly string[]
  readonly stream: readonly string[]
}

export interface MasterAddresses {
  /** What the operator says; decides when not empty. */
  readonly announced: Addresses
  /** What others saw of this node (NAT); decides next. */
  readonly observed: readonly string[]
  /** What it listens on. */
  readonly listening: readonly string[]
  readonly streamPort: number
}

/** Addresses of the master record. The stream port is at the IP address of the first one of gossip, unless the operator says otherwise. */
export function masterAddresses({ announced, observed, listening, streamPort }: MasterAddresses): Addresses {
  const first = [announced.pubsub, observed, listening].find((list) => list.length > 0) ?? []
  if (announced.stream.length > 0) return { pubsub: first, stream: announced.stream }
  const hosts = new Set(first.map(hostOf).filter((host) => host !== null))
  return { pubsub: first, stream: [...hosts].map((host) => `${host}/tcp/${streamPort}`) }
}

/** `/ip4/a.b.c.d` of an address, or its other first part; null when it does not parse. */
function hostOf(text: string): string | null {
  try {
    const [first] = multiaddr(text).getComponents()
    return first?.value === undefined ? null : `/${first.name}/${first.value}`
  } catch {
    return null
  }
}

export interface WorkerRecord {
  /** Of its shard; a worker without one is not announced. */
  readonly filter: Uint8Array
  /** In a process of its own: what the operator says, what it listens on. In a thread of the master: absent. */
  readonly own?: { readonly announced: Addresses; readonly listening: Addresses }
}

export interface OwnPeerInfo {
  readonly identity: Identity
  readonly engine: Ed448Signer
  readonly master: Addresses
  readonly workers?: readonly WorkerRecord[]
  /** Protocol identifiers (`CAPABILITIES`); at least one. */
  readonly capabilities: readonly number[]
  readonly lastReceivedFrame: bigint
  readonly lastGlobalHeadFrame: bigint
  /** Unix milliseconds of now: a record is passed on for one second. */
  readonly nowMillis: number
}

/** What a node of this program can do until it executes; an archive keeps and serves every frame. */
export const ownCapabilities = (archive: boolean): readonly number[] => [
  CAPABILITIES.kzgVerify,
  ...(archive ? [CAPABILITIES.archive] : []),
]

/** The signed record and its canonical bytes. Publish it at once. */
export function makePeerInfo(own: OwnPeerInfo): { readonly info: PeerInfo; readonly bytes: Uint8Array } {
  const { identity, engine, master, workers = [], capabilities } = own
  const reachability = [
    recordOf(MASTER_FILTER, master),
    ...workers
      .filter(({ filter }) => filter.length > 0)
      .map((worker) => recordOf(worker.filter, workerAddresses(worker, master))),
  ]
  const info = signPeerInfo(
    {
      reachability,
      timestamp: BigInt(Math.trunc(own.nowMillis)),
      version: VERSION,
      patch_number: PATCH_NUMBER,
      capabilities: capabilities.map((id) => ({ protocol_identifier: id, additional_metadata: new Uint8Array(0) })),
      last_received_frame: own.lastReceivedFrame,
      last_global_head_frame: own.lastGlobalHeadFrame,
    },
    identity,
    engine,
  )
  return { info, bytes: node.PeerInfo.encode(info) }
}

/** Announced, else listening, else those of the master. */
function workerAddresses({ own }: WorkerRecord, master: Addresses): Addresses {
  const choose = (kind: keyof Addresses) =>
    [own?.announced[kind] ?? [], own?.listening[kind] ?? []].find((list) => list.length > 0) ?? master[kind]
  return { pubsub: choose('pubsub'), stream: choose('stream') }
}

const recordOf = (filter: Uint8Array, { pubsub, stream }: Addresses) => ({
  filter,
  pubsub_multiaddrs: [...pubsub],
  stream_multiaddrs: [...stream],
})
