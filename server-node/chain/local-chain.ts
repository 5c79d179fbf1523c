/** The chain of a local network: its ledger, its newest headers in memory, and the anchors a light client starts from. */
import type { Anchors, Checkpoint, StateExample } from '@petal/core/light/anchors.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee } from '@petal/core/platform/engine.ts'
import { NodeError } from '../errors.ts'
import { committeeOf } from './committee.ts'
import { type Genesis, inspectStored, rulesOf } from './genesis.ts'
import type { Ledger, StateRoots } from './ledger.ts'
import { LOCAL } from './local-profile.ts'
import { type FrameSource, type Head, HeadListeners, type StateAnswers } from './source.ts'

/** Headers kept in memory, and frames after which the checkpoint moves (one hour of frames at 10 s). */
export const RECENT_FRAMES = 360

export interface LocalChainOptions {
  readonly ledger: Ledger
  readonly genesis: Genesis
  /** Answers questions about the state that the ledger keeps. */
  readonly values?: StateAnswers
  readonly examples?: readonly StateExample[]
  readonly crypto: Crypto
  readonly frameIntervalMillis: number
  readonly now?: () => number
}

export class LocalChain implements FrameSource {
  readonly network = LOCAL.network
  readonly profile = LOCAL.profile
  readonly oldest = LOCAL.genesisNumber
  readonly frameIntervalMillis: number
  readonly committee: EngineCommittee
  readonly values: StateAnswers | undefined
  readonly examples: readonly StateExample[]
  readonly #ledger: Ledger
  readonly #genesis: Genesis
  readonly #now: () => number
  readonly #recent = new Map<bigint, Uint8Array>()
  readonly #listeners = new HeadListeners()
  #head: HeaderFacts
  #headBytes: Uint8Array
  #anchors: Anchors

  private constructor(options: LocalChainOptions, checkpoint: HeaderFacts, head: HeaderFacts, headBytes: Uint8Array) {
    this.frameIntervalMillis = options.frameIntervalMillis
    this.#genesis = options.genesis
    this.#now = options.now ?? Date.now
    this.#ledger = options.ledger
    this.values = options.values
    this.examples = options.examples ?? []
    this.committee = committeeOf(options.genesis.publicKeys)
    this.#head = head
    this.#headBytes = headBytes
    this.#anchors = this.#makeAnchors(checkpoint)
    this.#remember(head.number, headBytes)
  }

  /** Reads the ledger, writes frame 0 into a new one. Throws `NodeError` `corrupt`. The ledger belongs to the chain from then on. */
  static async open(options: LocalChainOptions): Promise<LocalChain> {
    const { genesis, ledger, crypto } = options
    const stored = await ledger.head()
    if (stored === null) {
      await expectSameState(await ledger.commitGenesis(genesis.publicKeys), genesis.facts)
      await ledger.persist(LOCAL.genesisNumber, genesis.header)
    }
    const first = await ledger.frame(LOCAL.genesisNumber)
    if (first === undefined || !Buffer.from(first).equals(genesis.header)) {
      throw new NodeError('corrupt', 'the stored frames belong to another genesis: choose another --data-dir')
    }
    const head = await readFrame(ledger, stored ?? LOCAL.genesisNumber, crypto)
    const checkpoint = await readFrame(ledger, checkpointFor(head.facts.number), crypto)
    return new LocalChain(options, checkpoint.facts, head.facts, head.bytes)
  }

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
    // The ledger may already hold a frame that is not announced yet.
    if (number > this.#head.number) return undefined
    return this.#recent.get(number) ?? (await this.#ledger.frame(number))
  }

  anchors(): Anchors {
    return this.#anchors
  }

  onHead(listener: (head: Head) => void): () => void {
    return this.#listeners.add(listener)
  }

  nextRoots(): Promise<StateRoots> {
    return this.#ledger.commitFrame(this.#head.number + 1n)
  }

  /** On disk first, then announced: no frame that anyone heard of is lost by kill -9. */
  async append(header: Uint8Array, facts: HeaderFacts): Promise<void> {
    await this.#ledger.persist(facts.number, header)
    const parent = this.#head
    this.#head = facts
    this.#headBytes = header
    this.#remember(facts.number, header)
    if (checkpointFor(facts.number) === parent.number) this.#anchors = this.#makeAnchors(parent)
    this.#listeners.announce(this.head())
  }

  close(): Promise<void> {
    return this.#ledger.close()
  }

  #remember(number: bigint, header: Uint8Array): void {
    this.#recent.set(number, header)
    this.#recent.delete(number - BigInt(RECENT_FRAMES))
  }

  #makeAnchors(facts: HeaderFacts): Anchors {
    const checkpoint: Checkpoint = {
      number: facts.number.toString(),
      identity: Buffer.from(facts.identity).toString('hex'),
      rank: facts.rank.toString(),
      timestamp: facts.timestamp.toString(),
      difficulty: facts.difficulty,
      registryRoot: Buffer.from(facts.proverTreeCommitment).toString('hex'),
    }
    return { committee: this.committee, checkpoint, rules: rulesOf(this.#genesis), issuedAt: this.#now() }
  }
}

/** The checkpoint lies before the head, so that a light client always has something to verify. */
function checkpointFor(head: bigint): bigint {
  const previous = head > LOCAL.genesisNumber ? head - 1n : head
  return previous - (previous % BigInt(RECENT_FRAMES))
}

async function readFrame(ledger: Ledger, number: bigint, crypto: Crypto) {
  const bytes = await ledger.frame(number)
  const facts = bytes && (await inspectStored(crypto, bytes, 'the store of frames'))
  if (bytes === undefined || facts?.number !== number) {
    throw new NodeError('corrupt', `the store holds something else where frame ${number} belongs`)
  }
  return { bytes, facts }
}

/** State made of the keys in `genesis.json` must be the one that its header commits to. */
async function expectSameState(roots: StateRoots, facts: HeaderFacts): Promise<void> {
  const same =
    sameBytes(roots.proverTreeCommitment, facts.proverTreeCommitment) &&
    roots.globalCommitments.every((root, index) => sameBytes(root, facts.globalCommitments[index] ?? EMPTY))
  if (same) return
  const what = 'genesis.json commits to another state than its keys make (written by an earlier version?)'
  throw new NodeError('corrupt', `${what}: choose another --data-dir`)
}

const EMPTY = new Uint8Array(0)
