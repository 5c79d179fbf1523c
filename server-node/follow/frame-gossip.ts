/**
 * Frames on the topic of global frames (spec 50 sections 4 and 8): a node publishes those that it announces, and passes those of others on
 * only when their certificate and time proof hold. What is false is rejected, which costs its sender; what cannot be judged is ignored.
 */
import { createHash } from 'node:crypto'
import { CodecError } from '@petal/core/codec/index.ts'
import type { GossipMessage, Verdict } from '@petal/core/gossip/index.ts'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { GossipService } from '@petal/p2p/gossip/index.ts'
import type { FrameSource } from '../chain/source.ts'
import { decodeFrame, encodeFrame } from './frame-codec.ts'
import type { HeaderVerifier, VerifiedHeader } from './verifier.ts'

export const FRAME_GOSSIP_LIMITS = {
  /** Frames judged at one time; more are ignored. */
  judgements: 16,
  /** Frames this far above the newest one are ignored. */
  ahead: 100_000n,
  /** Messages whose verdict is remembered. */
  remembered: 256,
} as const

export interface FrameGossipOptions {
  readonly gossip: Pick<GossipService, 'subscribe' | 'publish'>
  readonly verifier: HeaderVerifier
  /** The chain as it is served. Undefined while there is none. */
  readonly source: () => Pick<FrameSource, 'head' | 'header'> | undefined
  /** A frame above the head whose proofs hold. Its place in the chain was not looked at. `peer` sent it. */
  readonly onFrame?: (header: VerifiedHeader, peer: string) => void
}

export class FrameGossip {
  readonly #options: FrameGossipOptions
  readonly #stop: () => void
  readonly #refused = new Set<string>()
  #judging = 0

  constructor(options: FrameGossipOptions) {
    this.#options = options
    this.#stop = options.gossip.subscribe(GLOBAL_TOPICS.frame, {
      validate: (message, peer) => this.#validate(message, peer),
      deliver: () => undefined,
    })
  }

  /** `header`: protobuf bytes. Frames that nobody hears are got by asking: a failure is no one's concern. */
  publish(header: Uint8Array): void {
    this.#options.gossip.publish(GLOBAL_TOPICS.frame, encodeFrame(header)).catch(() => undefined)
  }

  stop(): void {
    this.#stop()
  }

  async #validate({ bitmask, data }: GossipMessage, peer: string): Promise<Verdict> {
    if (!sameBytes(bitmask, GLOBAL_TOPICS.frame)) return 'ignore'
    const digest = createHash('sha256').update(data).digest('hex')
    if (this.#refused.has(digest)) return 'reject'
    if (this.#judging >= FRAME_GOSSIP_LIMITS.judgements) return 'ignore'
    this.#judging++
    try {
      const verdict = await this.#judge(data, peer)
      if (verdict === 'reject') this.#remember(digest)
      return verdict
    } finally {
      this.#judging--
    }
  }

  async #judge(data: Uint8Array, peer: string): Promise<Verdict> {
    const { verifier, source, onFrame } = this.#options
    const bytes = headerOf(data)
    const facts = bytes && (await verifier.inspect(bytes))
    if (bytes === undefined || facts === undefined) return 'reject'
    const chain = source()
    const head = chain?.head()
    if (chain !== undefined && head !== undefined && facts.number <= head.number) {
      const ours = await chain.header(facts.number)
      return ours !== undefined && sameBytes(ours, bytes) ? 'accept' : 'ignore'
    }
    if (facts.number > (head?.number ?? 0n) + FRAME_GOSSIP_LIMITS.ahead || verifier.isAhead(facts)) return 'ignore'
    const judgement = await verifier.judge(bytes, facts)
    if ('reason' in judgement) return 'reject'
    onFrame?.(judgement.header, peer)
    return 'accept'
  }

  #remember(digest: string): void {
    if (this.#refused.size >= FRAME_GOSSIP_LIMITS.remembered) this.#refused.clear()
    this.#refused.add(digest)
  }
}

function headerOf(data: Uint8Array): Uint8Array | undefined {
  try {
    return decodeFrame(data)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
