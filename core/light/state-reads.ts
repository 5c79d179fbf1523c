/**
 * Reads values of world state with proof: value -> root of its set -> one of the 256 global commitments -> verified header (spec 20 section 9,
 * 21 section 6). Peers are asked one after the other until one answers with a proof that holds; a peer can only withhold.
 *
 * Absence has no proof in this protocol: an absent value is `proven: false`, and is never more than the word of the peers. So that one peer
 * cannot hide a value that another one has, all of them are asked before a value is called absent.
 */
import { sameBytes } from '../platform/bytes.ts'
import type { Crypto, HeaderFacts, TraversalVerdict } from '../platform/crypto.ts'
import {
  type LightPeer,
  PeerError,
  type PeerErrorCode,
  type ShardAnswer,
  type StateAnswer,
} from '../platform/network.ts'
import {
  HYPEREDGE_ADDS,
  HYPEREDGE_REMOVES,
  PHASES,
  type Phase,
  VERTEX_ADDS,
  VERTEX_REMOVES,
} from '../platform/state.ts'
import { leafCommitment } from '../state/branch-commitment.ts'
import { atomId, GLOBAL_DOMAIN, shardL1 } from '../state/location.ts'
import type { Finding } from './events.ts'

/** One step of a chain of proofs, as the page draws it. */
export interface ProofStep {
  /** `value`: leaf in the tree of its set; `shard`: root of the set in a global tree; `header`: that commitment in a verified header. */
  readonly name: 'value' | 'shard' | 'header'
  readonly ok: boolean
  readonly reason: string | null
  /** Rule in docs/protocol. */
  readonly section: string
  /** What the step leads to: a root or an identity. */
  readonly to: Uint8Array
  readonly millis: number | null
}

export interface ValueFinding {
  readonly address: Uint8Array
  /** Stored bytes (leaf rule B) or the hash target (rule A); null when absent. */
  readonly value: Uint8Array | null
  /** The value is proved to be in the adds tree. False for an absent value: nothing proves absence. */
  readonly proven: boolean
  /** `no`: proved by an empty removes tree; `unproven`: nobody can prove it. */
  readonly removed: 'no' | 'unproven'
}

export interface StateFinding {
  /** Header whose commitments the proofs lead to. */
  readonly header: Finding
  readonly frame: bigint
  readonly values: readonly ValueFinding[]
  readonly steps: readonly ProofStep[]
  /** Root of the set. */
  readonly root: Uint8Array
  /** Index of the global tree; null for the prover registry, whose root is in the header. */
  readonly tree: number | null
  readonly proofBytes: number
  readonly from: string
  readonly millis: number
}

export interface ShardFinding {
  readonly header: Finding
  readonly frame: bigint
  /** Four roots in phase order. */
  readonly roots: readonly Uint8Array[]
  readonly tree: number
  readonly steps: readonly ProofStep[]
  readonly proofBytes: number
  readonly from: string
  readonly millis: number
}

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

export type StateReadErrorCode =
  | 'noHead' // no verified header yet
  | 'noPeers' // no connected peer serves state
  | 'notFound' // no peer holds the state of that frame
  | 'refused' // what peers sent does not verify
  | 'arguments'

export class StateReadError extends Error {
  readonly code: StateReadErrorCode
  constructor(code: StateReadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StateReadError'
    this.code = code
  }
}

/** Zeros: root of an empty tree. */
const EMPTY_ROOT = new Uint8Array(64)
const NOTHING = new Uint8Array(0)
const VALUE_RULE = '20 section 9.3'
const SHARD_RULE = '21 section 6'
const HEADER_RULE = '11 section 4'

/** Key of a root in a global tree: the phase in the two top bits of the first byte (spec 21 section 6). */
export function foldedKey(domain: Uint8Array, phase: Phase): Uint8Array {
  const key = domain.slice()
  key[0] = (key[0] ?? 0) | (phase << 6)
  return key
}

/** Peers remembered for what they sent. */
const MOST_LIARS = 256

export class StateReader {
  readonly #host: StateReaderHost
  /** Ids of peers that sent what does not hold. */
  readonly #liars = new Set<string>()

  constructor(host: StateReaderHost) {
    this.#host = host
  }

  /** Values of one set. `frame` null: the newest verified frame whose state a peer still holds. */
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
      const checked = await this.#checkState(answer, facts, domain, phase, addresses, signal)
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
      const step = await this.#checkShard(answer, facts, domain, signal)
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

  async #checkState(
    answer: StateAnswer,
    facts: HeaderFacts,
    domain: Uint8Array,
    phase: Phase,
    addresses: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<{ readonly steps: readonly ProofStep[]; readonly values: readonly ValueFinding[] }> {
    if (answer.present.length !== addresses.length) {
      throw refused(`an answer for ${answer.present.length} addresses instead of ${addresses.length}`)
    }
    const steps: ProofStep[] = []
    let removed: ValueFinding['removed'] = 'unproven'
    if (sameBytes(domain, GLOBAL_DOMAIN)) {
      if (!sameBytes(answer.root, facts.proverTreeCommitment)) {
        throw refused('the root of the registry is not the one in the header')
      }
    } else {
      const { shard } = answer
      if (shard === null) throw refused('no proof of the shard')
      steps.push(await this.#checkShard(shard, facts, domain, signal))
      if (!sameBytes(shard.roots[phase] ?? EMPTY_ROOT, answer.root))
        throw refused('the root is not the one of the shard')
      const removes = shard.roots[phase === VERTEX_ADDS ? VERTEX_REMOVES : HYPEREDGE_REMOVES]
      if (removes !== undefined && sameBytes(removes, EMPTY_ROOT)) removed = 'no'
    }
    const keys = addresses
      .filter((_, index) => answer.present[index] === true)
      .map((address) => atomId(domain, address))
    let found: readonly Uint8Array[] = []
    if (keys.length > 0) {
      const { values, millis } = await this.#checkKeys(answer, keys, signal)
      found = values
      steps.unshift({ name: 'value', ok: true, reason: null, section: VALUE_RULE, to: answer.root, millis })
    }
    let next = 0
    const values = addresses.map((address, index): ValueFinding => {
      const value = answer.present[index] === true ? (found[next++] ?? null) : null
      return { address, value, proven: value !== null, removed }
    })
    return { steps, values }
  }

  /** What the leaves of the keys hash, in their order. A set of one leaf has no traversal proof: its root is the hash of the leaf. */
  async #checkKeys(
    { root, proof, leaf }: StateAnswer,
    keys: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<{ readonly values: readonly Uint8Array[]; readonly millis: number | null }> {
    const [key] = keys
    if (leaf !== undefined && key !== undefined && keys.length === 1) {
      const own = leafCommitment({ key, value: leaf, hashTarget: NOTHING })
      if (!sameBytes(own, root)) throw refused('the leaf does not hash to the root of its set')
      return { values: [leaf], millis: null }
    }
    const verdict = await this.#host.crypto.verifyTraversal(root, keys, proof, { signal })
    expectValid(verdict, keys.length, 'the proof of the value')
    return verdict
  }

  async #checkShard(
    answer: ShardAnswer,
    facts: HeaderFacts,
    domain: Uint8Array,
    signal: AbortSignal,
  ): Promise<ProofStep> {
    const l1 = shardL1(domain)
    if (l1.every((index) => index === 0)) throw refused('this shard is in no global commitment')
    if (!l1.includes(answer.tree)) throw refused(`global tree ${answer.tree} does not hold this shard`)
    const root = facts.globalCommitments[answer.tree]
    if (root === undefined) throw refused('the header carries no global commitments')
    const keys = PHASES.map((phase) => foldedKey(domain, phase))
    const verdict = await this.#host.crypto.verifyTraversal(root, keys, answer.proof, { signal })
    expectValid(verdict, keys.length, 'the proof of the shard')
    if (!verdict.values.every((value, phase) => sameBytes(value, answer.roots[phase] ?? EMPTY_ROOT))) {
      throw refused('the proof is of other roots than the answer')
    }
    return { name: 'shard', ok: true, reason: null, section: SHARD_RULE, to: root, millis: verdict.millis }
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

function factsOf({ facts }: Finding): HeaderFacts {
  if (facts === null) throw new StateReadError('noHead', 'That frame is not verified.')
  return facts
}

function headerStep(header: Finding): ProofStep {
  const { verified, millis } = header
  const reason =
    verified === 'full' ? null : 'only its certificate is checked so far: the commitments rest on the time proof'
  return { name: 'header', ok: verified !== false, reason, section: HEADER_RULE, to: factsOf(header).identity, millis }
}

function expectValid(verdict: TraversalVerdict, count: number, what: string): void {
  if (!verdict.valid) throw refused(`${what} does not hold: ${verdict.reason ?? 'no reason given'}`)
  if (verdict.values.length !== count) throw refused(`${what} has ${verdict.values.length} values instead of ${count}`)
}

function refused(reason: string): StateReadError {
  return new StateReadError('refused', reason)
}
