/**
 * Serves recorded frames: a file in the format of `test/vectors/frames/global_chain.json`, whose `committee` and `quorum_threshold` become
 * the anchors and whose first case is the checkpoint. Frames are served as they are recorded, the uncertified ones too: a light client has
 * to refuse them itself.
 */
import { open } from 'node:fs/promises'
import type { Anchors } from '@petal/core/light/anchors.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import { messageOf, NodeError } from '../errors.ts'
import { type FrameSource, type Head, HeadListeners } from './source.ts'

const MAX_FILE_BYTES = 256 << 20
const MAX_HEADER_BYTES = 64 << 10

export interface ReplayOptions {
  readonly file: string
  readonly crypto: Crypto
  /** Ed448 key of the operators, hex. */
  readonly alertKey?: string | undefined
  /** Frames are announced one by one, this far apart; absent = all are there from the start. */
  readonly intervalMillis?: number
  readonly now?: () => number
}

interface Recording {
  readonly committee: readonly { readonly public_key: string; readonly weight: string | number }[]
  readonly quorum_threshold: string | number
  readonly cases: readonly { readonly header_pb: string }[]
}

interface Recorded {
  readonly facts: HeaderFacts
  readonly header: Uint8Array
}

export class Replay implements FrameSource {
  readonly network = 'replay'
  readonly profile = '2.1.0.24'
  readonly frameIntervalMillis: number
  readonly oldest: bigint
  readonly #frames: readonly Recorded[]
  readonly #anchors: Anchors
  readonly #listeners = new HeadListeners()
  readonly #intervalMillis: number | undefined
  #timer: NodeJS.Timeout | undefined
  #announced: number

  private constructor(frames: readonly Recorded[], anchors: Anchors, intervalMillis: number | undefined) {
    this.#frames = frames
    this.#anchors = anchors
    this.oldest = frames[0]?.facts.number ?? 0n
    this.frameIntervalMillis = intervalMillis ?? 10_000
    this.#intervalMillis = intervalMillis
    this.#announced = intervalMillis === undefined ? frames.length : 1
  }

  /** Throws `NodeError` `replay`. */
  static async open(options: ReplayOptions): Promise<Replay> {
    const recording = await read(options.file)
    const frames: Recorded[] = []
    for (const { header_pb } of recording.cases) {
      const header = new Uint8Array(Buffer.from(header_pb, 'hex'))
      const facts = await options.crypto.inspectHeader(header).catch((cause: unknown) => {
        throw unusable(options.file, `frame ${frames.length}: ${messageOf(cause)}`)
      })
      const previous = frames.at(-1)?.facts.number
      if (previous !== undefined && facts.number !== previous + 1n) {
        throw unusable(options.file, `frame ${facts.number} follows frame ${previous}`)
      }
      frames.push({ facts, header })
    }
    const checkpoint = frames[0]?.facts
    if (checkpoint === undefined) throw unusable(options.file, 'no frames in it')
    return new Replay(
      frames,
      {
        ...anchorsOf(recording, checkpoint, floorOf(frames), (options.now ?? Date.now)()),
        ...(options.alertKey === undefined ? {} : { alertKey: options.alertKey }),
      },
      frames.length > 1 ? options.intervalMillis : undefined,
    )
  }

  grows(): boolean {
    return this.#announced < this.#frames.length
  }

  head(): Head {
    const { facts, header } = this.#frames[this.#announced - 1] as Recorded
    return { number: facts.number, identity: facts.identity, header }
  }

  async header(number: bigint): Promise<Uint8Array | undefined> {
    const index = number - this.oldest
    if (index < 0n || index >= BigInt(this.#announced)) return undefined
    return this.#frames[Number(index)]?.header
  }

  anchors(): Anchors {
    return this.#anchors
  }

  onHead(listener: (head: Head) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Begins to announce frames, if they come one by one. */
  run(): void {
    if (this.#intervalMillis === undefined) return
    this.#timer ??= setInterval(() => this.#announceNext(), this.#intervalMillis)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
  }

  #announceNext(): void {
    this.#announced++
    this.#listeners.announce(this.head())
    if (this.#announced === this.#frames.length) clearInterval(this.#timer)
  }
}

/** A recording is a network of its own: its easiest frame says how easy frames are there. */
function floorOf(frames: readonly Recorded[]): number {
  return frames.reduce((least, { facts }) => Math.min(least, facts.difficulty), Number.POSITIVE_INFINITY)
}

function anchorsOf(recording: Recording, checkpoint: HeaderFacts, difficultyFloor: number, issuedAt: number): Anchors {
  const identity = Buffer.from(checkpoint.identity).toString('hex')
  return {
    committee: {
      members: recording.committee.map(({ public_key, weight }) => ({ publicKey: public_key, weight: String(weight) })),
      threshold: String(recording.quorum_threshold),
    },
    checkpoint: {
      number: checkpoint.number.toString(),
      identity,
      rank: checkpoint.rank.toString(),
      timestamp: checkpoint.timestamp.toString(),
      difficulty: checkpoint.difficulty,
    },
    rules: {
      genesisNumber: checkpoint.number.toString(),
      genesisIdentity: identity,
      proverInCommittee: true,
      difficultyFloor,
    },
    issuedAt,
  }
}

async function read(path: string): Promise<Recording> {
  let text: string
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      if (size > MAX_FILE_BYTES) throw unusable(path, `${size} bytes, at most ${MAX_FILE_BYTES} are read`)
      text = await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof NodeError ? error : unusable(path, messageOf(error))
  }
  let recording: unknown
  try {
    recording = JSON.parse(text)
  } catch {
    throw unusable(path, 'it is not JSON')
  }
  if (!isRecording(recording)) throw unusable(path, 'committee, quorum_threshold or cases are missing or malformed')
  return recording
}

function isRecording(value: unknown): value is Recording {
  if (typeof value !== 'object' || value === null) return false
  const { committee, quorum_threshold, cases } = value as Partial<Recording>
  return (
    Array.isArray(committee) &&
    committee.every((member) => isHex(member?.public_key, 585) && isCount(member?.weight)) &&
    isCount(quorum_threshold) &&
    Array.isArray(cases) &&
    cases.every((frame) => isHex(frame?.header_pb, MAX_HEADER_BYTES))
  )
}

function isHex(value: unknown, maxBytes: number): boolean {
  return (
    typeof value === 'string' && value.length <= 2 * maxBytes && value.length % 2 === 0 && /^[0-9a-f]+$/.test(value)
  )
}

function isCount(value: unknown): boolean {
  return (typeof value === 'string' || typeof value === 'number') && /^[0-9]{1,20}$/.test(String(value))
}

function unusable(path: string, reason: string): NodeError {
  return new NodeError('replay', `${path} cannot be replayed: ${reason}`)
}
