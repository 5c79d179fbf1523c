/** Where served frames come from: a local network that grows, or a recording. */
import type { Anchors, StateExample } from '@petal/core/light/anchors.ts'
import type { ShardAnswer, ShardsAnswer, StateAnswer, StateQuestion } from '@petal/core/platform/network.ts'

/** The newest frame. */
export interface Head {
  readonly number: bigint
  readonly identity: Uint8Array
  /** Protobuf bytes. */
  readonly header: Uint8Array
}

/** Answers questions about state, as peers ask them. Rejects with `StateError`: `unavailable` for a frame whose state is not held. */
export interface StateAnswers {
  state(question: StateQuestion, head: bigint): Promise<StateAnswer>
  shard(domain: Uint8Array, frame: bigint): Promise<ShardAnswer>
  /** Shards of a frame's state with addresses above `after`. */
  shards(frame: bigint, after: Uint8Array | null): Promise<ShardsAnswer>
  /** One message of PerformSync; never rejects for what a peer sends. */
  sync(query: Uint8Array): Promise<Uint8Array>
}

export interface FrameSource {
  /** Network name and protocol profile, as peers hear them. */
  readonly network: string
  readonly profile: string
  readonly frameIntervalMillis: number
  /** Oldest frame that can be read. */
  readonly oldest: bigint
  /** More frames are to come. */
  grows(): boolean
  /** It knows of newer frames than its head, and is on the way to them. */
  syncing?(): boolean
  head(): Head
  /** Protobuf bytes of a frame that was announced, or undefined. */
  header(number: bigint): Promise<Uint8Array | undefined>
  /** Present when this source holds state. */
  readonly values?: StateAnswers | undefined
  /** What there is to look at in its state. */
  readonly examples?: readonly StateExample[]
  /** What a light client of this network starts from, made now. */
  anchors(): Anchors
  /** Calls back for each new head until the returned function is called. */
  onHead(listener: (head: Head) => void): () => void
}

/** Listeners of a source; one that throws does not keep the others from hearing. */
export class HeadListeners {
  readonly #listeners = new Set<(head: Head) => void>()

  add(listener: (head: Head) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(head: Head): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(head)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
