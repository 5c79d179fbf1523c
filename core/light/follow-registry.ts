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
import { sameBytes } from '../platform/bytes.ts'
import { CryptoError } from '../platform/crypto.ts'
import type { EngineRules } from '../platform/engine.ts'
import { PeerError } from '../platform/network.ts'
import type { SyncProgress } from '../sync/progress.ts'
import { FollowBudget } from './follow-registry-budget.ts'
import { CommitteeReader } from './follow-registry-committee.ts'
import { HELD, withinBytes } from './follow-registry-held.ts'
import { judgeHeader, rootOf } from './follow-registry-judge.ts'
import {
  better,
  type Candidate,
  type Judged,
  type KnownRegistry,
  refused,
  stepOf,
  type Trusted,
} from './follow-registry-judged.ts'
import { nextPivot } from './follow-registry-pivots.ts'
import { pullRegistry } from './follow-registry-pull.ts'
import {
  FOLLOW_LIMITS,
  type FollowCommittee,
  FollowError,
  type Followed,
  type FollowedPoint,
  type FollowHost,
  type FollowLimits,
  type FollowOptions,
  type FollowRules,
  type FollowSource,
  type FollowStart,
  type FollowStep,
  type GivenHeader,
  NO_ROOT,
  type RegistrySource,
  type TrustedFacts,
} from './follow-registry-types.ts'

/** One call on its way. */
interface Run {
  readonly target: bigint
  /** The target as the caller has it; null: peers are asked for it. */
  readonly given: Candidate | null
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

  private constructor(host: FollowHost, { rules, limits }: FollowRules, reader: CommitteeReader, trusted: Trusted) {
    this.#host = host
    // bitmasks are over the committee of the header itself: its indices never shift
    this.#rules = { ...rules, signersByKey: false }
    this.#limits = { ...FOLLOW_LIMITS, ...limits }
    this.#reader = reader
    this.#trusted = trusted
    this.#bound()
  }

  /** Takes a full copy of the registry of a trusted header. Rejects with `FollowError`, `CryptoError` or the reason of the signal. */
  static async start(host: FollowHost, start: FollowStart, options: FollowOptions): Promise<RegistryFollower> {
    const { signal } = options
    const facts = await host.crypto.inspectHeader(start.header, { signal })
    if (rootOf(facts) === null) throw new FollowError('noRoot', NO_ROOT)
    if (!start.wholeHeader) {
      const proof = await host.crypto.verifyTimeProof(start.header, { signal })
      if (!proof.ok)
        throw new FollowError('refused', `the header to start from: ${proof.reason ?? 'its time proof is wrong'}`)
    }
    return await RegistryFollower.startAt(host, facts, start, options)
  }

  /** The same for a header of which the caller vouches for these four fields. */
  static async startAt(
    host: FollowHost,
    facts: TrustedFacts,
    start: FollowRules,
    options: FollowOptions,
  ): Promise<RegistryFollower> {
    const { signal } = options
    const root = facts.proverTreeCommitment
    const budget = new FollowBudget({ ...FOLLOW_LIMITS, ...start.limits }, host.clock)
    const reader = new CommitteeReader(host.crypto)
    const onSync = progressOf({ budget, target: facts.number, options }, facts.number)
    const { tree } = await pullRegistry({ root, base: null, host, budget, signal, onSync })
    const committee = await reader.read(tree.all, signal)
    if (committee.totalWeight === 0n)
      throw new FollowError('committee', `the registry of frame ${facts.number} names no committee with weight`)
    return new RegistryFollower(host, start, reader, {
      facts,
      header: null,
      registry: { root, tree, committee, leaves: tree.size },
    })
  }

  /** Goes on from a frame that was trusted in an earlier session: nothing is asked for, and the next registry is copied as a whole. */
  static resume(
    host: FollowHost,
    facts: TrustedFacts,
    committee: FollowCommittee,
    start: FollowRules,
  ): RegistryFollower {
    const registry = { root: facts.proverTreeCommitment, tree: null, committee, leaves: null }
    return new RegistryFollower(host, start, new CommitteeReader(host.crypto), { facts, header: null, registry })
  }

  /** The newest trusted frame. */
  get point(): FollowedPoint {
    const { facts, header, registry } = this.#trusted
    return { facts, header, committee: registry.committee, leaves: registry.leaves }
  }

  /**
   * Makes frame `number` the trusted one. Rejects with `FollowError`, `CryptoError` or the reason of the signal; what was adopted on the way
   * stays trusted. Calls are worked through one after the other.
   */
  advance(number: bigint, options: FollowOptions): Promise<Followed> {
    return this.#inTurn(() => this.#advance(number, null, options))
  }

  /** The same for the header with these bytes: nobody is asked for another one of its number. Also rejects with `decode`. */
  advanceTo(header: GivenHeader, options: FollowOptions): Promise<Followed> {
    return this.#inTurn(async () => {
      const { bytes, from } = header
      const facts = await this.#host.crypto.inspectHeader(bytes, { signal: options.signal })
      return await this.#advance(facts.number, { facts, bytes, from: { id: from, address: from } }, options)
    })
  }

  #inTurn(work: () => Promise<Followed>): Promise<Followed> {
    const call = this.#turn.then(work)
    this.#turn = call.catch(() => undefined)
    return call
  }

  async #advance(target: bigint, given: Candidate | null, options: FollowOptions): Promise<Followed> {
    const { clock } = this.#host
    const start = clock.now()
    const budget = new FollowBudget(this.#limits, clock)
    const run: Run = { target, given, budget, steps: [], headers: new Map(), options }
    if (target < this.#number)
      throw new FollowError('arguments', `frame ${target} is below the trusted frame ${this.#number}`)
    try {
      while (this.#number < target) await this.#hop(run)
    } catch (error) {
      if (!(error instanceof FollowError)) throw error
      throw new FollowError(error.code, error.message, run.steps, { cause: error, lie: error.lie })
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
      run.budget.look()
      const judged = await this.#visit(next, run)
      if (judged.outcome === 'adopted') {
        this.#trusted = judged.trusted
        this.#bound()
        return
      }
      if (judged.outcome === 'far') upper = next < upper ? next : upper
      else if (next === run.target)
        throw new FollowError(judged.code, `frame ${next}: ${judged.reason}`, [], { lie: judged.lie })
    }
    throw new FollowError(
      'overlap',
      `no frame after ${low} up to ${run.target} is signed by more than two thirds of the committee of frame ${low}`,
    )
  }

  /** Looks at what peers hold of one frame until one of their headers can be adopted; else gives what came nearest to it. */
  async #visit(number: bigint, run: Run): Promise<Judged> {
    const { signal } = run.options
    if (number === run.target && run.given !== null) return await this.#weigh(run.given, run)
    const seen: Uint8Array[] = []
    let best: Judged | null = null
    for (const peer of run.budget.sources(this.#host.peers(), signal)) {
      const got = await this.#fetch(peer, number, run)
      if ('outcome' in got) {
        best = better(best, got)
        continue
      }
      if (seen.some((bytes) => sameBytes(bytes, got.bytes))) continue
      seen.push(got.bytes)
      const judged = await this.#weigh(got, run)
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

  async #weigh(candidate: Candidate, run: Run): Promise<Judged> {
    const { crypto, clock } = this.#host
    const start = clock.now()
    run.budget.frame()
    const registryOf = (root: Uint8Array) => this.#registryOf(root, run)
    const parts = { crypto, rules: this.#rules, trusted: this.#trusted, signal: run.options.signal, registryOf }
    const judged = await judgeHeader(parts, candidate)
    run.steps.push(stepOf(candidate, this.#number, judged, clock.now() - start))
    progressOf(run, this.#number)(null)
    return judged
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
    const registry = { root, tree, committee: await this.#reader.read(tree.all, signal), leaves: tree.size }
    this.#held = [registry, ...this.#held].slice(0, HELD)
    this.#bound()
    return { registry: this.#held[0] ?? registry, source }
  }

  /** Leaves go where they take too much: the trusted registry, which the next differences are from, and the newest ones keep theirs first. */
  #bound(): void {
    const [trusted = this.#trusted.registry, ...held] = withinBytes(
      [this.#trusted.registry, ...this.#held],
      this.#limits.heldBytes,
    )
    this.#trusted = { ...this.#trusted, registry: trusted }
    this.#held = held
  }
}

function progressOf({ budget, target, options }: Pick<Run, 'budget' | 'target' | 'options'>, trusted: bigint) {
  return (sync: SyncProgress | null): void =>
    options.onProgress?.({ trusted, target, frames: budget.frames, bytes: budget.bytes, sync })
}
