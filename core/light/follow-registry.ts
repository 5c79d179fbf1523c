/**
 * Follows the committee of a network through its registry (spec 11 section 8.4), for networks whose committee is not pinned.
 *
 * Trusted is a header T together with all leaves of the registry whose root R(T) is in it. To come to a header N: take the registry of R(N)
 * from peers and rebuild its root; its active provers with a global allocation are the committee of N, weighed by seniority; N's certificate
 * must be one of that committee; and the committee of T must vouch for the new one: more than two thirds of its weight signed N. Where fewer
 * did, a frame between is looked for that more signed. A certificate covers neither number nor root (decision 7), so no header is trusted
 * before its time proof holds. An unchanged committee is a pinned one: then the certificate is enough (section 8.3, decision 10).
 *
 * Peers are asked one after the other; one that lies is passed by. A peer can withhold, and nothing else, as long as fewer than a third of
 * each trusted committee is faulty.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import { CryptoError, type HeaderFacts } from '../platform/crypto.ts'
import type { EngineRules } from '../platform/engine.ts'
import { PeerError } from '../platform/network.ts'
import type { SyncProgress } from '../sync/progress.ts'
import { FollowBudget } from './follow-registry-budget.ts'
import {
  CommitteeReader,
  isLessThanThird,
  isMoreThanTwoThirds,
  overlapWeight,
  sameCommittee,
} from './follow-registry-committee.ts'
import {
  better,
  type Candidate,
  type Judged,
  type KnownRegistry,
  NOTHING_FOUND,
  refused,
  stepOf,
  type Trusted,
} from './follow-registry-judged.ts'
import { nextPivot } from './follow-registry-pivots.ts'
import { pullRegistry } from './follow-registry-pull.ts'
import {
  engineCommittee,
  FOLLOW_LIMITS,
  FollowError,
  type Followed,
  type FollowedPoint,
  type FollowHost,
  type FollowLimits,
  type FollowOptions,
  type FollowSource,
  type FollowStart,
  type FollowStep,
  NO_ROOT,
  type RegistrySource,
} from './follow-registry-types.ts'

/** Lengths of a root: of at most one leaf, of more (spec 20 section 8.1). */
const ROOT_BYTES: readonly number[] = [64, 74]
/** Registries kept beside the trusted one: bisecting comes back to them. */
const HELD = 4

/** One call on its way. */
interface Run {
  readonly target: bigint
  readonly budget: FollowBudget
  readonly steps: FollowStep[]
  /** By peer and number. */
  readonly headers: Map<string, Candidate>
  readonly options: FollowOptions
}

export class RegistryFollower {
  readonly #host: FollowHost
  readonly #rules: EngineRules
  readonly #limits: FollowLimits
  readonly #reader: CommitteeReader
  #trusted: Trusted
  /** Newest first. */
  #held: readonly KnownRegistry[] = []
  /** The call before. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(host: FollowHost, start: FollowStart, reader: CommitteeReader, trusted: Trusted) {
    this.#host = host
    // bitmasks are over the committee of the header itself: its indices never shift
    this.#rules = { ...start.rules, signersByKey: false }
    this.#limits = { ...FOLLOW_LIMITS, ...start.limits }
    this.#reader = reader
    this.#trusted = trusted
  }

  /** Takes a full copy of the registry of a trusted header. Rejects with `FollowError`, `CryptoError` or the reason of the signal. */
  static async start(host: FollowHost, start: FollowStart, options: FollowOptions): Promise<RegistryFollower> {
    const { signal } = options
    const facts = await host.crypto.inspectHeader(start.header, { signal })
    const root = rootOf(facts)
    if (root === null) throw new FollowError('noRoot', NO_ROOT)
    if (!start.wholeHeader) {
      const proof = await host.crypto.verifyTimeProof(start.header, { signal })
      if (!proof.ok)
        throw new FollowError('refused', `the header to start from: ${proof.reason ?? 'its time proof is wrong'}`)
    }
    const budget = new FollowBudget({ ...FOLLOW_LIMITS, ...start.limits }, host.clock)
    const reader = new CommitteeReader(host.crypto)
    const onSync = progressOf({ budget, target: facts.number, options }, facts.number)
    const { tree } = await pullRegistry({ root, base: null, host, budget, signal, onSync })
    const committee = await reader.read(tree.all, signal)
    if (committee.totalWeight === 0n)
      throw new FollowError('committee', `the registry of frame ${facts.number} names no committee with weight`)
    const registry = { root, tree, committee }
    return new RegistryFollower(host, start, reader, { facts, bytes: start.header, registry })
  }

  /** The newest trusted frame. */
  get point(): FollowedPoint {
    const { facts, bytes, registry } = this.#trusted
    return { facts, bytes, committee: registry.committee, leaves: registry.tree.size }
  }

  /**
   * Makes frame `number` the trusted one. Rejects with `FollowError`, `CryptoError` or the reason of the signal; what was adopted on the way
   * stays trusted. Calls are worked through one after the other.
   */
  advance(number: bigint, options: FollowOptions): Promise<Followed> {
    const call = this.#turn.then(() => this.#advance(number, options))
    this.#turn = call.catch(() => undefined)
    return call
  }

  async #advance(target: bigint, options: FollowOptions): Promise<Followed> {
    const { clock } = this.#host
    const start = clock.now()
    const budget = new FollowBudget(this.#limits, clock)
    const run: Run = { target, budget, steps: [], headers: new Map(), options }
    if (target < this.#number)
      throw new FollowError('arguments', `frame ${target} is below the trusted frame ${this.#number}`)
    try {
      while (this.#number < target) await this.#hop(run)
    } catch (error) {
      if (!(error instanceof FollowError)) throw error
      throw new FollowError(error.code, error.message, run.steps, { cause: error })
    }
    return { point: this.point, steps: run.steps, bytes: budget.bytes, millis: clock.now() - start }
  }

  get #number(): bigint {
    return this.#trusted.facts.number
  }

  /** Comes to some frame above the trusted one: to the target at once, or else to the nearest to the middle that can be reached. */
  async #hop(run: Run): Promise<void> {
    const low = this.#number
    const tried = new Set<bigint>()
    let upper = run.target
    for (let next: bigint | null = run.target; next !== null; next = nextPivot(low, upper, run.target, tried)) {
      tried.add(next)
      const judged = await this.#visit(next, run)
      if (judged.outcome === 'adopted') {
        this.#trusted = judged.trusted
        return
      }
      if (judged.outcome === 'far') upper = next < upper ? next : upper
      else if (next === run.target) throw new FollowError(judged.code, `frame ${next}: ${judged.reason}`)
    }
    throw new FollowError(
      'overlap',
      `no frame after ${low} up to ${run.target} is signed by more than two thirds of the committee of frame ${low}`,
    )
  }

  /** Looks at what peers hold of one frame until one of their headers can be adopted; else gives what came nearest to it. */
  async #visit(number: bigint, run: Run): Promise<Judged> {
    const { signal } = run.options
    const seen: Uint8Array[] = []
    let best: Judged | null = null
    for (const peer of run.budget.sources(this.#host.peers(), signal)) {
      const start = this.#host.clock.now()
      const got = await this.#fetch(peer, number, run)
      if ('outcome' in got) {
        best = better(best, got)
        continue
      }
      if (seen.some((bytes) => sameBytes(bytes, got.bytes))) continue
      seen.push(got.bytes)
      run.budget.frame()
      const judged = await this.#judge(got, run)
      run.steps.push(stepOf(got, this.#number, judged, this.#host.clock.now() - start))
      progressOf(run, this.#number)(null)
      if (judged.outcome === 'adopted') return judged
      if (judged.lie) run.budget.strike(peer.id)
      best = better(best, judged)
    }
    if (best !== null) return best
    const alone = this.#host.peers().length === 0
    return alone
      ? refused('noPeers', 'no node is connected', false)
      : refused('refused', 'no connected node is believed any more', false)
  }

  async #fetch(peer: FollowSource, number: bigint, run: Run): Promise<Candidate | Judged> {
    const name = `${peer.id}/${number}`
    const known = run.headers.get(name)
    if (known !== undefined) return known
    const { signal } = run.options
    try {
      const [bytes] = await peer.headers(number, 1, signal)
      if (bytes === undefined) return refused('notFound', `${peer.address} does not hold it`, false)
      const facts = await this.#host.crypto.inspectHeader(bytes, { signal })
      if (facts.number !== number) {
        run.budget.strike(peer.id)
        return refused('refused', `${peer.address} sent frame ${facts.number}`, true)
      }
      const candidate = { facts, bytes, from: { id: peer.id, address: peer.address } }
      run.headers.set(name, candidate)
      return candidate
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof PeerError)
        return refused(error.code === 'notFound' ? 'notFound' : 'noPeers', `${peer.address}: ${error.message}`, false)
      if (!(error instanceof CryptoError) || error.code !== 'decode') throw error
      run.budget.strike(peer.id)
      return refused('refused', `${peer.address}: ${error.message}`, true)
    }
  }

  /** Spec 11 section 8.4 steps 2 to 5, the cheap checks first, the time proof last. */
  async #judge({ facts, bytes }: Candidate, run: Run): Promise<Judged> {
    const { crypto } = this.#host
    const { signal } = run.options
    const wrong = this.#misplaced(facts)
    if (wrong !== null) return refused('refused', wrong, true)
    const root = rootOf(facts)
    if (root === null) return refused('noRoot', NO_ROOT, false)
    if (!ROOT_BYTES.includes(root.length)) return refused('refused', `a registry root of ${root.length} bytes`, true)
    let registry: KnownRegistry
    let source: RegistrySource
    try {
      ;({ registry, source } = await this.#registryOf(root, run))
    } catch (error) {
      if (!(error instanceof FollowError) || error.code === 'limit') throw error
      return refused(error.code, error.message, false)
    }
    const { committee } = registry
    const trusted = this.#trusted.registry.committee
    const named = { ...NOTHING_FOUND, registry: source, members: committee.members.length }
    if (committee.totalWeight === 0n)
      return refused('committee', 'its registry names no committee with weight', true, named)
    let verdict: Awaited<ReturnType<typeof crypto.verifyCertificate>>
    try {
      const handle = await crypto.openCommittee(engineCommittee(committee), { signal })
      verdict = await crypto
        .verifyCertificate(bytes, handle, this.#rules, { signal })
        .finally(() => crypto.closeCommittee(handle))
    } catch (error) {
      if (!(error instanceof CryptoError) || (error.code !== 'arguments' && error.code !== 'decode')) throw error
      return refused('committee', `its registry names no usable committee: ${error.message}`, true, named)
    }
    const signed = { weight: verdict.signedWeight, of: committee.totalWeight }
    const overlap = { weight: overlapWeight(trusted, committee, verdict.signers), of: trusted.totalWeight }
    const found = { ...named, signed, overlap }
    const failed = verdict.checks.filter(({ ok }) => !ok)
    if (!verdict.valid) {
      const reason = failed.map((check) => `${check.name}: ${check.reason}`).join('; ')
      const few = failed.length > 0 && failed.every(({ name }) => name === 'quorum')
      return refused(few ? 'quorum' : 'refused', reason, !few, found)
    }
    const same = sameCommittee(trusted, committee)
    if (!same && !isMoreThanTwoThirds(overlap.weight, overlap.of)) {
      const share = `signed by ${overlap.weight} of the ${overlap.of} that frame ${this.#number} trusts`
      const reason = isLessThanThird(overlap.weight, overlap.of) ? `${share}, less than a third` : share
      return { outcome: 'far', code: 'overlap', reason, lie: false, ...found }
    }
    const proof = await crypto.verifyTimeProof(bytes, { signal })
    if (!proof.ok) return refused('refused', proof.reason ?? 'its time proof is wrong', true, found)
    const rule = same ? 'sameCommittee' : 'twoThirds'
    return { outcome: 'adopted', rule, trusted: { facts, bytes, registry }, ...found }
  }

  /** Why that header cannot follow the trusted one; null when it can. */
  #misplaced({ number, rank, parentSelector }: HeaderFacts): string | null {
    const { facts } = this.#trusted
    if (rank <= facts.rank) return `rank ${rank} is not above rank ${facts.rank} of frame ${facts.number}`
    if (number === facts.number + 1n && !sameBytes(parentSelector, facts.identity))
      return `its parent is ${bytesToHex(parentSelector)}, frame ${facts.number} is ${bytesToHex(facts.identity)}`
    return null
  }

  async #registryOf(
    root: Uint8Array,
    run: Run,
  ): Promise<{ readonly registry: KnownRegistry; readonly source: RegistrySource }> {
    const trusted = this.#trusted.registry
    if (sameBytes(root, trusted.root)) return { registry: trusted, source: 'unchanged' }
    const held = this.#held.find((registry) => sameBytes(registry.root, root))
    if (held !== undefined) return { registry: held, source: 'held' }
    const { budget, options } = run
    const onSync = progressOf(run, this.#number)
    const { signal } = options
    const wish = { root, base: trusted.tree, host: this.#host, budget, signal, onSync }
    const { tree, source } = await pullRegistry(wish)
    const registry = { root, tree, committee: await this.#reader.read(tree.all, signal) }
    this.#held = [registry, ...this.#held].slice(0, HELD)
    return { registry, source }
  }
}

/** Null for the form without commitments (Impl-R leaders). */
function rootOf({ proverTreeCommitment }: HeaderFacts): Uint8Array | null {
  return proverTreeCommitment.length === 0 ? null : proverTreeCommitment
}

function progressOf({ budget, target, options }: Pick<Run, 'budget' | 'target' | 'options'>, trusted: bigint) {
  return (sync: SyncProgress | null): void =>
    options.onProgress?.({ trusted, target, frames: budget.frames, bytes: budget.bytes, sync })
}
