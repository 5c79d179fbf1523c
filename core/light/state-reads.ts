/**
 * Reads values of world state with proof: value -> root of its set -> one of the 256 global commitments -> verified header (spec 20 section 9,
 * 21 section 6). Peers are asked one after the other until one answers with a proof that holds; a peer can only withhold.
 *
 * Absence has no proof in this protocol: an absent value is `proven: false`, and is never more than the word of the peers. So that one peer
 * cannot hide a value that another one has, all of them are asked before a value is called absent.
 */
import { sameBytes } from '../platform/bytes.ts'
import type { Crypto, HeaderFacts } from '../platform/crypto.ts'
import { type LightPeer, PeerError, type PeerErrorCode } from '../platform/network.ts'
import { HYPEREDGE_ADDS, VERTEX_ADDS } from '../platform/state.ts'
import { GLOBAL_DOMAIN } from '../state/location.ts'
import type { Finding } from './events.ts'
import { headerStep, StateChecks } from './state-checks.ts'
import {
  factsOf,
  type ShardFinding,
  type StateFinding,
  StateReadError,
  type StateReadErrorCode,
} from './state-findings.ts'

export { foldedKey } from './state-checks.ts'
export {
  type ProofStep,
  type ShardFinding,
  type StateFinding,
  StateReadError,
  type StateReadErrorCode,
  type ValueFinding,
} from './state-findings.ts'

/** A peer that may be asked for state. */
export type StateSource = Pick<LightPeer, 'id' | 'address' | 'values'>

/** What the reader needs around it. */
export interface StateReaderHost {
  readonly crypto: Pick<Crypto, 'verifyTraversal'>
  /** Connected peers, best first. Time-outs of their questions are the host's: `PeerError` `timeout`. */
  peers(): readonly StateSource[]
  /** Verified heads, newest first. */
  heads(): readonly Finding[]
  /** A verified header by number; rejects with `StateReadError` when there is none. */
  header(number: bigint, signal: AbortSignal): Promise<Finding>
  /** Milliseconds of a steady clock. */
  now(): number
}

/** Peers remembered for what they sent. */
const MOST_LIARS = 256

export class StateReader {
  readonly #host: StateReaderHost
  readonly #checks: StateChecks
  /** Ids of peers that sent what does not hold. */
  readonly #liars = new Set<string>()

  constructor(host: StateReaderHost) {
    this.#host = host
    this.#checks = new StateChecks(host.crypto)
  }

  /** Values of one set as of a frame; null: see `header`. Rejects with `StateReadError`, with what the host rejects with, or with the reason of the signal. */
  async values(
    set: 'vertex' | 'hyperedge',
    domain: Uint8Array,
    addresses: readonly Uint8Array[],
    frame: bigint | null,
    signal: AbortSignal,
  ): Promise<StateFinding> {
    const phase = set === 'vertex' ? VERTEX_ADDS : HYPEREDGE_ADDS
    if (set === 'hyperedge' && sameBytes(domain, GLOBAL_DOMAIN)) {
      throw new StateReadError(
        'arguments',
        'hyperedges of the prover registry are in no commitment of a header: nothing can prove them',
      )
    }
    const start = this.#host.now()
    const { header, facts } = await this.header(frame, signal)
    const read = async (peer: StateSource): Promise<StateFinding> => {
      const answer = await asked(peer).state({ frame: facts.number, domain, phaseSet: phase, addresses }, signal)
      const checked = await this.#checks.values(answer, facts, domain, phase, addresses, signal)
      return {
        header,
        frame: facts.number,
        values: checked.values,
        steps: [...checked.steps, headerStep(header)],
        root: answer.root,
        tree: answer.shard?.tree ?? null,
        proofBytes: answer.proof.length + (answer.leaf?.length ?? 0) + (answer.shard?.proof.length ?? 0),
        from: peer.address,
        millis: this.#host.now() - start,
      }
    }
    return this.#best(read, ({ values }) => values.filter(({ proven }) => proven).length, addresses.length, signal)
  }

  /** The four roots of a shard. */
  async shard(domain: Uint8Array, frame: bigint | null, signal: AbortSignal): Promise<ShardFinding> {
    const start = this.#host.now()
    const { header, facts } = await this.header(frame, signal)
    const read = async (peer: StateSource): Promise<ShardFinding> => {
      const answer = await asked(peer).shard(domain, facts.number, signal)
      const step = await this.#checks.shard(answer, facts, domain, signal)
      return {
        header,
        frame: facts.number,
        roots: answer.roots,
        tree: answer.tree,
        steps: [step, headerStep(header)],
        proofBytes: answer.proof.length,
        from: peer.address,
        millis: this.#host.now() - start,
      }
    }
    return this.#best(read, () => 1, 1, signal)
  }

  /**
   * The header that vouches: the wanted one, else the newest whose time proof holds too, else the newest, which the host may bring up to
   * that. Rejects with `StateReadError`.
   */
  async header(
    frame: bigint | null,
    signal: AbortSignal,
  ): Promise<{ readonly header: Finding; readonly facts: HeaderFacts }> {
    const header = await this.#host.header(frame ?? this.#newest(), signal)
    return { header, facts: factsOf(header) }
  }

  #newest(): bigint {
    const heads = this.#host.heads().filter(({ verified }) => verified !== false)
    const head = heads.find(({ verified }) => verified === 'full') ?? heads[0]
    if (head?.facts == null)
      throw new StateReadError('noHead', 'No frame is verified yet: values are proved against one.')
    return head.facts.number
  }

  /** What the first peer answers that gives `most`, else the best answer of all. A peer whose answer does not hold is passed over. */
  async #best<T>(
    read: (peer: StateSource) => Promise<T>,
    worth: (answer: T) => number,
    most: number,
    signal: AbortSignal,
  ): Promise<T> {
    const failures: Failure[] = []
    let best: T | undefined
    for (const peer of this.#askable()) {
      try {
        const answer = await read(peer)
        if (best === undefined || worth(answer) > worth(best)) best = answer
        if (worth(best) >= most) return best
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof StateReadError && error.code !== 'arguments') {
          this.#liars.add(peer.id)
          failures.push(failureOf(peer, 'refused', error))
        } else if (error instanceof PeerError) failures.push(failureOf(peer, SAID[error.code] ?? 'noPeers', error))
        else throw error
      }
    }
    if (best !== undefined) return best
    const why = failures.length > 0 ? failures.map(({ reason }) => reason).join('; ') : 'no connected node serves state'
    const worst = SEVERITY.find((code) => failures.some((failure) => failure.code === code)) ?? 'noPeers'
    throw new StateReadError(worst, why)
  }

  /** Peers that serve state; those that sent what does not hold come last. */
  #askable(): readonly StateSource[] {
    const serving = this.#host.peers().filter(({ values }) => values !== undefined)
    if (this.#liars.size > MOST_LIARS) this.#liars.clear()
    return serving.toSorted((a, b) => Number(this.#liars.has(a.id)) - Number(this.#liars.has(b.id)))
  }
}

interface Failure {
  readonly code: StateReadErrorCode
  readonly reason: string
}

/** What an error of a peer comes down to; the others are no peer at all. */
const SAID: Partial<Record<PeerErrorCode, StateReadErrorCode>> = { notFound: 'notFound', protocol: 'refused' }
/** Which of several failures is told. */
const SEVERITY: readonly StateReadErrorCode[] = ['refused', 'notFound', 'noPeers']

function failureOf({ address }: StateSource, code: StateReadErrorCode, { message }: Error): Failure {
  return { code, reason: `${address}: ${message}` }
}

function asked(peer: StateSource) {
  if (peer.values === undefined) throw new PeerError('notFound', 'this transport carries no state')
  return peer.values
}
