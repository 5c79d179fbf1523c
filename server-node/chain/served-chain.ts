/** A chain that grows, as it is served: its newest headers in memory, older ones from where they are kept, and anchors that move with it. */
import type { Anchors, Checkpoint, StateExample } from '@petal/core/light/anchors.ts'
import type { HeaderFacts } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee, EngineRules } from '@petal/core/platform/engine.ts'
import { LOCAL } from './local-profile.ts'
import { type FrameSource, type Head, HeadListeners, type StateAnswers } from './source.ts'

/** Headers kept in memory, and frames after which the checkpoint moves (one hour of frames at 10 s). */
export const RECENT_FRAMES = 360

export interface ServedChainOptions {
  readonly network: string
  readonly profile: string
  readonly oldest: bigint
  readonly frameIntervalMillis: number
  readonly committee: EngineCommittee
  readonly rules: EngineRules
  /** Ed448 key of the operators, hex; left out: that of the live network. */
  readonly alertKey?: string | undefined
  /** Answers questions about the state of its frames. */
  readonly values?: StateAnswers | undefined
  readonly examples?: readonly StateExample[] | undefined
  readonly checkpoint: Checkpoint
  readonly head: HeaderFacts
  readonly headBytes: Uint8Array
  readonly now?: (() => number) | undefined
}

export abstract class ServedChain implements FrameSource {
  readonly network: string
  readonly profile: string
  readonly oldest: bigint
  readonly frameIntervalMillis: number
  readonly committee: EngineCommittee
  readonly values: StateAnswers | undefined
  readonly examples: readonly StateExample[]
  readonly #rules: EngineRules
  readonly #alertKey: string | undefined
  readonly #now: () => number
  readonly #recent = new Map<bigint, Uint8Array>()
  readonly #listeners = new HeadListeners()
  #head: HeaderFacts
  #headBytes: Uint8Array
  #anchors: Anchors

  constructor(options: ServedChainOptions) {
    this.network = options.network
    this.profile = options.profile
    this.oldest = options.oldest
    this.frameIntervalMillis = options.frameIntervalMillis
    this.committee = options.committee
    this.values = options.values
    this.examples = options.examples ?? []
    this.#rules = options.rules
    this.#alertKey = options.alertKey
    this.#now = options.now ?? Date.now
    this.#head = options.head
    this.#headBytes = options.headBytes
    this.#anchors = this.#anchorsAt(options.checkpoint)
    this.#remember(options.head.number, options.headBytes)
  }

  /** Header of a frame that is not among the newest. */
  protected abstract stored(number: bigint): Promise<Uint8Array | undefined>

  get headFacts(): HeaderFacts {
    return this.#head
  }

  grows(): boolean {
    return true
  }

  head(): Head {
    return { number: this.#head.number, identity: this.#head.identity, header: this.#headBytes }
  }

  async header(number: bigint): Promise<Uint8Array | undefined> {
    // What is stored may be newer than what is announced.
    if (number > this.#head.number) return undefined
    return this.#recent.get(number) ?? (await this.stored(number))
  }

  anchors(): Anchors {
    return this.#anchors
  }

  onHead(listener: (head: Head) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** A frame that is on disk is the head from now on. `checkpoint`: given when it moves. */
  protected announce(header: Uint8Array, facts: HeaderFacts, checkpoint?: HeaderFacts): void {
    this.#head = facts
    this.#headBytes = header
    this.#remember(facts.number, header)
    if (checkpoint !== undefined) this.#anchors = this.#anchorsAt(checkpointOf(checkpoint))
    this.#listeners.announce(this.head())
  }

  #remember(number: bigint, header: Uint8Array): void {
    this.#recent.set(number, header)
    // In order of arrival: a chain that follows others may leave frames out.
    if (this.#recent.size <= RECENT_FRAMES) return
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest)
      return
    }
  }

  #anchorsAt(checkpoint: Checkpoint): Anchors {
    const alertKey = this.#alertKey === undefined ? {} : { alertKey: this.#alertKey }
    return { committee: this.committee, checkpoint, rules: this.#rules, ...alertKey, issuedAt: this.#now() }
  }
}

/** The checkpoint lies before the head, so that a light client always has something to verify. */
export function checkpointFor(head: bigint): bigint {
  const previous = head > LOCAL.genesisNumber ? head - 1n : head
  return previous - (previous % BigInt(RECENT_FRAMES))
}

export function checkpointOf(facts: HeaderFacts): Checkpoint {
  return {
    number: facts.number.toString(),
    identity: Buffer.from(facts.identity).toString('hex'),
    rank: facts.rank.toString(),
    timestamp: facts.timestamp.toString(),
    difficulty: facts.difficulty,
    registryRoot: Buffer.from(facts.proverTreeCommitment).toString('hex'),
  }
}
