/** Checks of answers about state: value -> root of its set -> global commitment (spec 20 section 9.3, 21 section 6). */
import { sameBytes } from '../platform/bytes.ts'
import type { Crypto, HeaderFacts, TraversalVerdict } from '../platform/crypto.ts'
import type { ShardAnswer, StateAnswer } from '../platform/network.ts'
import { HYPEREDGE_REMOVES, PHASES, type Phase, VERTEX_ADDS, VERTEX_REMOVES } from '../platform/state.ts'
import { leafCommitment } from '../state/branch-commitment.ts'
import { atomId, GLOBAL_DOMAIN, shardL1 } from '../state/location.ts'
import type { Finding } from './events.ts'
import { factsOf, type ProofStep, StateReadError, type ValueFinding } from './state-findings.ts'

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

export class StateChecks {
  readonly #crypto: Pick<Crypto, 'verifyTraversal'>

  constructor(crypto: Pick<Crypto, 'verifyTraversal'>) {
    this.#crypto = crypto
  }

  /** Values in one set, with the steps from them to the header. Throws `StateReadError` `refused`. */
  async values(
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
      steps.push(await this.shard(shard, facts, domain, signal))
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
      const { values, millis } = await this.#keys(answer, keys, signal)
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
  async #keys(
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
    const verdict = await this.#crypto.verifyTraversal(root, keys, proof, { signal })
    expectValid(verdict, keys.length, 'the proof of the value')
    return verdict
  }

  /** Four roots in a global tree that the header commits to. Throws `StateReadError` `refused`. */
  async shard(answer: ShardAnswer, facts: HeaderFacts, domain: Uint8Array, signal: AbortSignal): Promise<ProofStep> {
    const l1 = shardL1(domain)
    if (l1.every((index) => index === 0)) throw refused('this shard is in no global commitment')
    if (!l1.includes(answer.tree)) throw refused(`global tree ${answer.tree} does not hold this shard`)
    const root = facts.globalCommitments[answer.tree]
    if (root === undefined) throw refused('the header carries no global commitments')
    const keys = PHASES.map((phase) => foldedKey(domain, phase))
    const verdict = await this.#crypto.verifyTraversal(root, keys, answer.proof, { signal })
    expectValid(verdict, keys.length, 'the proof of the shard')
    if (!verdict.values.every((value, phase) => sameBytes(value, answer.roots[phase] ?? EMPTY_ROOT))) {
      throw refused('the proof is of other roots than the answer')
    }
    return { name: 'shard', ok: true, reason: null, section: SHARD_RULE, to: root, millis: verdict.millis }
  }
}

/** The last step: the header itself. */
export function headerStep(header: Finding): ProofStep {
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
