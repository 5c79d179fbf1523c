/** The chain of a local network: a frame log, its newest headers in memory, and the anchors a light client starts from. */
import { join } from 'node:path'
import type { Anchors, Checkpoint } from '@petal/core/light/anchors.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee } from '@petal/core/platform/engine.ts'
import { NodeError } from '../errors.ts'
import { committeeOf } from './committee.ts'
import { FrameLog } from './frame-log.ts'
import { type Genesis, inspectStored, rulesOf } from './genesis.ts'
import { LOCAL } from './local-profile.ts'
import { type FrameSource, type Head, HeadListeners } from './source.ts'

/** Headers kept in memory, and frames after which the checkpoint moves (one hour of frames at 10 s). */
export const RECENT_FRAMES = 360

export interface LocalChainOptions {
  readonly directory: string
  readonly genesis: Genesis
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
  readonly #log: FrameLog
  readonly #genesis: Genesis
  readonly #now: () => number
  readonly #recent = new Map<bigint, Uint8Array>()
  readonly #listeners = new HeadListeners()
  #head: HeaderFacts
  #headBytes: Uint8Array
  #anchors: Anchors

  private constructor(
    options: LocalChainOptions,
    log: FrameLog,
    checkpoint: HeaderFacts,
    head: HeaderFacts,
    headBytes: Uint8Array,
  ) {
    this.frameIntervalMillis = options.frameIntervalMillis
    this.#genesis = options.genesis
    this.#now = options.now ?? Date.now
    this.#log = log
    this.committee = committeeOf(options.genesis.publicKeys)
    this.#head = head
    this.#headBytes = headBytes
    this.#anchors = this.#makeAnchors(checkpoint)
    this.#remember(head.number, headBytes)
  }

  /** Opens the log, writes frame 0 into a new one. Throws `NodeError` `corrupt`. */
  static async open(options: LocalChainOptions): Promise<LocalChain> {
    const { genesis } = options
    const log = await FrameLog.open(join(options.directory, 'frames.log'), LOCAL.genesisNumber)
    try {
      if (log.length === 0) await log.append(LOCAL.genesisNumber, genesis.header)
      const first = await log.read(LOCAL.genesisNumber)
      if (first === undefined || !Buffer.from(first).equals(genesis.header)) {
        throw new NodeError('corrupt', `frames.log in ${options.directory} belongs to another genesis`)
      }
      const head = await readFrame(log, log.next - 1n, options.crypto)
      const checkpoint = await readFrame(log, checkpointFor(head.facts.number), options.crypto)
      return new LocalChain(options, log, checkpoint.facts, head.facts, head.bytes)
    } catch (error) {
      await log.close()
      throw error
    }
  }

  /** Bytes of an unfinished append that were cut off when the chain was opened. */
  get cutBytes(): number {
    return this.#log.cutBytes
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
    // The log may already hold a frame that is not announced yet.
    if (number > this.#head.number) return undefined
    return this.#recent.get(number) ?? (await this.#log.read(number))
  }

  anchors(): Anchors {
    return this.#anchors
  }

  onHead(listener: (head: Head) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** On disk first, then announced: no frame that anyone heard of is lost by kill -9. */
  async append(header: Uint8Array, facts: HeaderFacts): Promise<void> {
    await this.#log.append(facts.number, header)
    const parent = this.#head
    this.#head = facts
    this.#headBytes = header
    this.#remember(facts.number, header)
    if (checkpointFor(facts.number) === parent.number) this.#anchors = this.#makeAnchors(parent)
    this.#listeners.announce(this.head())
  }

  close(): Promise<void> {
    return this.#log.close()
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
    }
    return { committee: this.committee, checkpoint, rules: rulesOf(this.#genesis), issuedAt: this.#now() }
  }
}

/** The checkpoint lies before the head, so that a light client always has something to verify. */
function checkpointFor(head: bigint): bigint {
  const previous = head > LOCAL.genesisNumber ? head - 1n : head
  return previous - (previous % BigInt(RECENT_FRAMES))
}

async function readFrame(log: FrameLog, number: bigint, crypto: Crypto) {
  const bytes = await log.read(number)
  const facts = bytes && (await inspectStored(crypto, bytes, 'frames.log'))
  if (bytes === undefined || facts?.number !== number) {
    throw new NodeError('corrupt', `frames.log holds something else where frame ${number} belongs`)
  }
  return { bytes, facts }
}
