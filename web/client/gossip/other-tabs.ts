/**
 * What the tabs of an origin tell each other: that the identity is another one now, and what they published as it. No node sends a message to its
 * author (spec 50 section 5), and all tabs of an origin are one author.
 */

const CHANNEL = 'petal-identity'

/** A message that a tab published. */
export interface OwnMessage {
  /** Of the identity that signed it. */
  readonly peerId: string
  /** Number of the network that it was published on: tabs of one origin may be of several. */
  readonly network: number
  readonly bitmask: Uint8Array
  readonly data: Uint8Array
}

type Told = { readonly kind: 'changed' } | { readonly kind: 'published'; readonly message: OwnMessage }

export class OtherTabs {
  readonly #channel: BroadcastChannel | null

  /** `alone`: nobody shares the identity of this tab. */
  constructor(alone: boolean, on: { changed(): void; published(message: OwnMessage): void }) {
    this.#channel = alone || typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL)
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Told>) => {
      if (data.kind === 'published') on.published(data.message)
      else on.changed()
    })
  }

  changed(): void {
    this.#tell({ kind: 'changed' })
  }

  published(message: OwnMessage): void {
    this.#tell({ kind: 'published', message })
  }

  close(): void {
    this.#channel?.close()
  }

  #tell(told: Told): void {
    this.#channel?.postMessage(told)
  }
}
