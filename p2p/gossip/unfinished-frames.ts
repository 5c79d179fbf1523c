/**
 * Bytes of frames that peers have begun and not finished. One frame may have 16 MiB, so many peers together could hold much memory by sending
 * slowly: above the limit the stream with the largest unfinished frame is given up.
 */
export class UnfinishedFrames {
  readonly #most: number
  readonly #streams = new Map<number, { readonly bytes: number; readonly giveUp: () => void }>()
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Bytes that a stream has sent of a frame by now. May call `giveUp` of this or of another stream, at once. */
  set(stream: number, bytes: number, giveUp: () => void): void {
    this.forget(stream)
    if (bytes === 0) return
    this.#streams.set(stream, { bytes, giveUp })
    this.#bytes += bytes
    while (this.#bytes > this.#most) {
      let largest = stream
      for (const [other, entry] of this.#streams) {
        if (entry.bytes > (this.#streams.get(largest)?.bytes ?? 0)) largest = other
      }
      const entry = this.#streams.get(largest)
      this.forget(largest)
      entry?.giveUp()
    }
  }

  forget(stream: number): void {
    this.#bytes -= this.#streams.get(stream)?.bytes ?? 0
    this.#streams.delete(stream)
  }
}
