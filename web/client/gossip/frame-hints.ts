/**
 * Frames that come by gossip. They are hints: each is verified as any other header before it becomes the head, nobody is blamed for one that does
 * not verify, and while one is being verified only the newest of the others is kept.
 */

import { toProtobuf } from '@petal/core/codec/protobuf.ts'
import { GlobalFrame, GlobalFrameHeader } from '@petal/core/codec/tables/consensus.ts'
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'

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
  #running = false
  #next: Hint | null = null

  /** `head`: newest verified frame. `verify` takes a header in when it verifies. */
  constructor(head: () => bigint | null, verify: (header: Uint8Array) => Promise<unknown>) {
    this.#head = head
    this.#verify = verify
  }

  take(data: Uint8Array): void {
    const hint = hintOf(data)
    if (hint === null || hint.number <= (this.#head() ?? -1n) || hint.number <= (this.#next?.number ?? -1n)) return
    this.#next = hint
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let hint = this.#next; hint !== null; hint = this.#next) {
      this.#next = null
      if (hint.number > (this.#head() ?? -1n)) await this.#verify(hint.header).catch(() => {})
    }
    this.#running = false
  }
}
