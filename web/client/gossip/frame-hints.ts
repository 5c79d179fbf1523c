/**
 * Frames that come by gossip. They are hints: each is verified as any other header before it becomes the head, nobody is blamed for one that does
 * not verify, and one is verified at a time. Meanwhile the newest of each peer waits, and the peers take turns. A peer can displace only what it
 * passed on itself; nodes offer the same frames by the light protocol too.
 */

import { toProtobuf } from '@petal/core/codec/protobuf.ts'
import { GlobalFrame, GlobalFrameHeader } from '@petal/core/codec/tables/consensus.ts'
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'
import { TAB_LIMITS } from './limits.ts'

export interface Hint {
  readonly number: bigint
  /** Protobuf bytes. */
  readonly header: Uint8Array
}

/** The header of a global frame in its canonical bytes; null for anything else. */
export function hintOf(data: Uint8Array): Hint | null {
  try {
    const { header } = GlobalFrame.decode(data)
    if (header === null) return null
    const bytes = toProtobuf(GlobalFrameHeader, header)
    return bytes.length > WIRE_LIMITS.headerBytes ? null : { number: header.frame_number, header: bytes }
  } catch {
    return null
  }
}

export class FrameHints {
  readonly #head: () => bigint | null
  readonly #verify: (header: Uint8Array) => Promise<unknown>
  /** The newest hint of each peer; whose turn is next comes first. */
  readonly #waiting = new Map<string, Hint>()
  #running = false

  /** `head`: newest verified frame. `verify` takes a header in when it verifies. */
  constructor(head: () => bigint | null, verify: (header: Uint8Array) => Promise<unknown>) {
    this.#head = head
    this.#verify = verify
  }

  /** `peer`: who passed it on. */
  take(data: Uint8Array, peer: string): void {
    const hint = hintOf(data)
    if (hint === null || hint.number <= (this.#head() ?? -1n)) return
    const before = this.#waiting.get(peer)
    if (before === undefined ? this.#waiting.size >= TAB_LIMITS.hintingPeers : hint.number <= before.number) return
    // A peer that had its place keeps it.
    this.#waiting.set(peer, hint)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    for (const [peer, hint] of this.#waiting) {
      this.#waiting.delete(peer)
      if (hint.number > (this.#head() ?? -1n)) await this.#verify(hint.header).catch(() => {})
    }
    this.#running = false
  }
}
