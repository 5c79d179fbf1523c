/** Reads of state inside the worker: peers of the driver, proofs by the engine, plain values for the page. */
import type { DriverClock, LightDriver } from '@petal/core/light/driver.ts'
import type { Finding, QueryOutcome } from '@petal/core/light/events.ts'
import type { TimeProofPolicy } from '@petal/core/light/policy.ts'
import { TreePullError } from '@petal/core/light/registry-pull.ts'
import { RegistryReads } from '@petal/core/light/registry-reads.ts'
import { StateReadError, StateReader } from '@petal/core/light/state-reads.ts'
import { StateValues } from '@petal/core/light/state-values.ts'
import { type Crypto, CryptoError } from '@petal/core/platform/crypto.ts'
import { hyperedgeShown, proverShown, proversShown, shardShown, verticesShown } from './state-shown.ts'
import type { OnProgress, StateAnswers, StateOutcome, StateWish } from './state-wishes.ts'
import type { ClientErrorCode } from './types.ts'
import { refusalText } from './values.ts'

/** Verified frames that are looked at for one whose time proof holds. */
const RECENT = 24

export interface StateHostParts {
  readonly driver: Pick<LightDriver, 'peers' | 'recent' | 'query'>
  readonly crypto: Pick<Crypto, 'verifyTraversal' | 'rebuildRoot' | 'hashBytes'>
  readonly clock: DriverClock
  readonly timeProofs: TimeProofPolicy
}

interface Reads {
  readonly reader: StateReader
  readonly values: StateValues
  readonly registry: RegistryReads
}

export class StateHost {
  readonly #parts: StateHostParts
  readonly #refusing: Reads
  /** For who wants to see also what leads to a refused header. */
  readonly #marking: Reads

  constructor(parts: StateHostParts) {
    this.#parts = parts
    this.#refusing = this.#reads(false)
    this.#marking = this.#reads(true)
  }

  /** Never rejects: what went wrong is the outcome. */
  async read(wish: StateWish, signal: AbortSignal, onProgress?: OnProgress): Promise<StateOutcome> {
    try {
      const reads = wish.mark ? this.#marking : this.#refusing
      return { kind: 'read', answer: await answerTo(wish, reads, signal, onProgress) }
    } catch (error) {
      return { kind: 'failed', code: codeOf(error, signal), reason: textOf(error) }
    }
  }

  #reads(mark: boolean): Reads {
    const { driver, crypto, clock } = this.#parts
    const peers = () => driver.peers()
    const heads = () => driver.recent(RECENT)
    const header = (number: bigint, signal: AbortSignal) => this.#header(number, mark, signal)
    const reader = new StateReader({ crypto, peers, heads, header, now: clock.now })
    const registry = new RegistryReads({ reader, crypto, clock, peers })
    return { reader, values: new StateValues(reader, crypto), registry }
  }

  /**
   * A header that may vouch for state. Its certificate does not cover its commitments, only the time proof does: unless the embedder wants no
   * time proofs at all, it is checked now.
   */
  async #header(number: bigint, mark: boolean, signal: AbortSignal): Promise<Finding> {
    const { driver, timeProofs } = this.#parts
    let header = findingIn(await driver.query({ kind: 'header', number }, signal))
    if (header.verified === 'certificate' && timeProofs !== 'off') {
      const { from, verifiedAt, bytes } = header
      const checked = findingIn(await driver.query({ kind: 'check', header: bytes, timeProof: true }, signal))
      header = { ...checked, from, verifiedAt }
    }
    if (header.verified === false && !mark) throw new StateReadError('refused', refusalText(header))
    return header
  }
}

async function answerTo(
  wish: StateWish,
  { reader, values, registry }: Reads,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<StateAnswers[keyof StateAnswers]> {
  const { frame } = wish
  switch (wish.kind) {
    case 'vertices': {
      const { domain, addresses, schema } = wish
      return verticesShown(await values.vertices(domain, addresses, schema, frame, signal), domain)
    }
    case 'hyperedge':
      return hyperedgeShown(await values.hyperedge(wish.domain, wish.address, frame, signal), wish.domain)
    case 'prover':
      return proverShown(await registry.prover(wish.address, frame, signal))
    case 'shard':
      return shardShown(await reader.shard(wish.domain, frame, signal), wish.domain)
    case 'provers':
      return proversShown(await registry.provers(frame, signal, onProgress))
  }
}

function findingIn(outcome: QueryOutcome): Finding {
  if (outcome.kind === 'finding') return outcome.finding
  throw new HeaderError(outcome.code, outcome.reason)
}

/** No header to prove anything against. */
class HeaderError extends Error {
  readonly code: ClientErrorCode
  constructor(code: ClientErrorCode, message: string) {
    super(message)
    this.name = 'HeaderError'
    this.code = code
  }
}

function codeOf(error: unknown, signal: AbortSignal): ClientErrorCode {
  if (signal.aborted) return 'stopped'
  if (error instanceof HeaderError) return error.code
  if (error instanceof StateReadError) return error.code === 'noHead' ? 'notFound' : error.code
  if (error instanceof TreePullError) return error.code
  if (error instanceof CryptoError && error.code === 'unavailable') return 'engine'
  return 'crashed'
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
