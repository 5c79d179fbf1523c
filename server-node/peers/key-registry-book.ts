/**
 * Key registries of peers, verified: both cross signatures and every sub-key (spec 51 section 3; RPC-06, hazard RPC-H4). Kept in memory, the
 * least recently updated goes first; and in a store when there is one, so that a restart does not forget who is which prover.
 */
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { CodecError, keys } from '@petal/core/codec/index.ts'
import {
  type BoundKeys,
  ED448_PUBLIC_BYTES,
  type IdentityVerifier,
  type KeyRegistry,
  keyRegistryIsTimely,
  keyRegistrySurplus,
  peerIdOf,
  proverSignatures,
  verifyKeyRegistry,
} from '@petal/core/identity/index.ts'
import type { Store } from '@petal/core/platform/store.ts'
import { NamedBuckets, TokenBucket } from '@petal/core/platform/token-bucket.ts'

/** Registries kept; one has 0.9 to about 100 kB. */
export const MOST_REGISTRIES = 16_384
/** Bytes of all registries in memory. */
export const REGISTRY_BYTES = 64 << 20
/**
 * Signatures of provers that are verified, at 20 ms each and where everything else runs too: from one source, and in all. Nodes publish every
 * half hour, so this is enough for a network of 10,000.
 */
export const REGISTRY_RATES = {
  ofSource: { burst: 32, perSecond: 3, remembered: 1_024 },
  inAll: { burst: 64, perSecond: 6 },
} as const

const ADDRESS_BYTES = 32
const PREFIX = utf8ToBytes('peers/key-registry/')
const END = utf8ToBytes('peers/key-registry0')

/**
 * `accept`: kept, pass it on at once. `ignore`: late, not newer than the one kept, or more than is verified here, all no fault of who passes it
 * on. `reject`: no valid registry.
 */
export type RegistryVerdict =
  | { readonly verdict: 'accept'; readonly bound: BoundKeys }
  | { readonly verdict: 'ignore' | 'reject'; readonly reason: string }

interface Kept {
  readonly bound: BoundKeys
  readonly bytes: number
}

export class KeyRegistryBook {
  readonly #engine: IdentityVerifier
  readonly #store: Store | undefined
  /** By peer id, least recently updated first. */
  readonly #byPeer = new Map<string, Kept>()
  readonly #byProver = new Map<string, string>()
  readonly #now: () => number
  readonly #ofSource = new NamedBuckets(REGISTRY_RATES.ofSource)
  readonly #inAll: TokenBucket
  #bytes = 0

  /** `now`: milliseconds of a clock that is never set back. */
  constructor(engine: IdentityVerifier, store?: Store, now: () => number = () => performance.now()) {
    this.#engine = engine
    this.#store = store
    this.#now = now
    this.#inAll = new TokenBucket(REGISTRY_RATES.inAll.burst, REGISTRY_RATES.inAll.perSecond, now())
  }

  /** Reads the registries of earlier runs, which were verified when they were kept. */
  static async open(engine: IdentityVerifier, store: Store): Promise<KeyRegistryBook> {
    const book = new KeyRegistryBook(engine, store)
    const found: BoundKeys[] = []
    for await (const { value } of store.range({ from: PREFIX, to: END, limit: MOST_REGISTRIES })) {
      const registry = decode(value.subarray(ADDRESS_BYTES))
      const peerId = registry === null ? null : peerOf(registry)
      if (registry === null || peerId === null) continue
      found.push({ valid: true, registry, peerId, proverAddress: value.slice(0, ADDRESS_BYTES) })
    }
    found.sort((a, b) => Number(a.registry.last_updated - b.registry.last_updated))
    for (const bound of found) book.#remember(bound)
    return book
  }

  /**
   * Judges what came from a peer (`nowMillis`: Unix milliseconds) and keeps what is accepted. Never throws for any bytes. Time comes before
   * the signatures, which take milliseconds. `source`: where it came from (`neighbours.ts`).
   */
  judge(bytes: Uint8Array, nowMillis: number, by: 'request' | 'gossip', source: string): RegistryVerdict {
    const registry = decode(bytes)
    const peerId = registry === null ? null : peerOf(registry)
    if (registry === null || peerId === null) return { verdict: 'reject', reason: 'not a key registry of an identity' }
    const held = this.byPeer(peerId)?.registry.last_updated ?? null
    if (!keyRegistryIsTimely(registry, BigInt(Math.trunc(nowMillis)), held, by))
      return { verdict: 'ignore', reason: 'too old, ahead of the clock, or not newer than the one kept' }
    const surplus = keyRegistrySurplus(registry)
    if (surplus !== null) return { verdict: 'ignore', reason: `limit: ${surplus}` }
    if (!this.#mayVerify(proverSignatures(registry), source))
      return { verdict: 'ignore', reason: 'more registries than are verified here' }
    return this.keepOwn(registry)
  }

  /** Verifies a registry and keeps it, whatever its time: for the parts that the operator put here one by one. */
  keepOwn(registry: KeyRegistry): RegistryVerdict {
    const verdict = verifyKeyRegistry(registry, this.#engine)
    // Others may allow more sub-keys than this node verifies.
    if (!verdict.valid)
      return {
        verdict: verdict.reason === 'limit' ? 'ignore' : 'reject',
        reason: `${verdict.reason}: ${verdict.text}`,
      }
    this.#keep(verdict)
    return { verdict: 'accept', bound: verdict }
  }

  byPeer(peerId: Uint8Array): BoundKeys | undefined {
    return this.#byPeer.get(bytesToHex(peerId))?.bound
  }

  byProver(proverAddress: Uint8Array): BoundKeys | undefined {
    const peer = this.#byProver.get(bytesToHex(proverAddress))
    return peer === undefined ? undefined : this.#byPeer.get(peer)?.bound
  }

  /** Address of the prover that a peer is bound to; null for a peer without registry. */
  proverOf(peerId: Uint8Array): Uint8Array | null {
    return this.byPeer(peerId)?.proverAddress ?? null
  }

  all(): readonly BoundKeys[] {
    return [...this.#byPeer.values()].map(({ bound }) => bound)
  }

  #mayVerify(signatures: number, source: string): boolean {
    const now = this.#now()
    return this.#ofSource.of(source, now).take(signatures, now) && this.#inAll.take(signatures, now)
  }

  #keep(bound: BoundKeys): void {
    const bytes = this.#remember(bound)
    this.#write({ kind: 'put', key: keyOf(bound.peerId), value: concatBytes(bound.proverAddress, bytes) })
    for (const oldest of this.#byPeer.keys()) {
      if (this.#byPeer.size <= MOST_REGISTRIES && this.#bytes <= REGISTRY_BYTES) break
      const gone = this.#forget(oldest)
      if (gone !== undefined) this.#write({ kind: 'delete', key: keyOf(gone.peerId) })
    }
  }

  #remember(bound: BoundKeys): Uint8Array {
    const peer = bytesToHex(bound.peerId)
    this.#forget(peer)
    const bytes = keys.KeyRegistry.encode(bound.registry)
    this.#byPeer.set(peer, { bound, bytes: bytes.length })
    // Two identities may claim one prover, each with both signatures; the latest is found by it.
    this.#byProver.set(bytesToHex(bound.proverAddress), peer)
    this.#bytes += bytes.length
    return bytes
  }

  #forget(peer: string): BoundKeys | undefined {
    const kept = this.#byPeer.get(peer)
    if (kept === undefined) return undefined
    this.#byPeer.delete(peer)
    this.#bytes -= kept.bytes
    const prover = bytesToHex(kept.bound.proverAddress)
    if (this.#byProver.get(prover) === peer) this.#byProver.delete(prover)
    return kept.bound
  }

  /** A registry that is not written is heard again within half an hour. */
  #write(operation: Parameters<Store['batch']>[0][number]): void {
    this.#store?.batch([operation], 'relaxed').catch(() => undefined)
  }
}

const keyOf = (peerId: Uint8Array): Uint8Array => concatBytes(PREFIX, peerId)

function decode(bytes: Uint8Array): KeyRegistry | null {
  try {
    return keys.KeyRegistry.decode(bytes)
  } catch (error) {
    if (error instanceof CodecError) return null
    throw error
  }
}

function peerOf({ identity_key }: KeyRegistry): Uint8Array | null {
  return identity_key?.key_value.length === ED448_PUBLIC_BYTES ? peerIdOf(identity_key.key_value) : null
}
