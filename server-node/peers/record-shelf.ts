/**
 * Which records stay when there are too many. Identities are free, so neither the newest nor the loudest count: those that must be kept stay,
 * then those known for longest, and each source of records has a share of its own. Records that must be kept stay also above the bounds: there are
 * as many as this node has connections and names.
 */

export interface ShelfOptions {
  readonly records: number
  readonly bytes: number
  /** Part of both that one source may have, of records that need not be kept. */
  readonly sourceShare: number
  /** Whether a record must be kept. Asked only when something has to go. */
  isKept(key: string): boolean
  /** The record has no place any more, or never had one. */
  onForget(key: string): void
}

interface Placed {
  bytes: number
  readonly source: string
}

interface Source {
  bytes: number
  /** The one known for longest first. */
  readonly keys: Set<string>
}

export class RecordShelf {
  readonly #options: ShelfOptions
  readonly #placed = new Map<string, Placed>()
  readonly #sources = new Map<string, Source>()
  #bytes = 0

  constructor(options: ShelfOptions) {
    this.#options = options
  }

  /** Places a record, or another version of one that is here, which keeps its source and its age. */
  put(key: string, bytes: number, source: string): void {
    const placed = this.#placed.get(key) ?? this.#place(key, source)
    this.#grow(placed, bytes - placed.bytes)
    const { sourceShare } = this.#options
    // A record is not turned away for another one of its source that is not older.
    while (this.#shareOf(placed.source) > sourceShare && this.#forgetYoungest(placed.source));
    while (this.#isFull() && this.#makeRoom());
  }

  forget(key: string): void {
    const placed = this.#placed.get(key)
    if (placed === undefined) return
    this.#grow(placed, -placed.bytes)
    this.#placed.delete(key)
    const source = this.#sources.get(placed.source)
    source?.keys.delete(key)
    if (source?.keys.size === 0) this.#sources.delete(placed.source)
    this.#options.onForget(key)
  }

  #place(key: string, source: string): Placed {
    const placed = { bytes: 0, source }
    this.#placed.set(key, placed)
    const own = this.#sources.get(source) ?? { bytes: 0, keys: new Set() }
    this.#sources.set(source, own)
    own.keys.add(key)
    return placed
  }

  #grow(placed: Placed, by: number): void {
    placed.bytes += by
    this.#bytes += by
    const source = this.#sources.get(placed.source)
    if (source !== undefined) source.bytes += by
  }

  #isFull(): boolean {
    const { records, bytes } = this.#options
    return this.#placed.size > records || this.#bytes > bytes
  }

  #shareOf(name: string): number {
    const { records, bytes } = this.#options
    const source = this.#sources.get(name)
    return source === undefined ? 0 : Math.max(source.keys.size / records, source.bytes / bytes)
  }

  /** Takes from the source with the largest share that has something to give, of equal ones from the one known for the shortest time. */
  #makeRoom(): boolean {
    const left = new Set(this.#sources.keys())
    while (left.size > 0) {
      const largest = [...left].reduce((most, name) => (this.#shareOf(name) >= this.#shareOf(most) ? name : most))
      if (this.#forgetYoungest(largest)) return true
      left.delete(largest)
    }
    return false
  }

  /** False when all that a source has must be kept. */
  #forgetYoungest(name: string): boolean {
    const youngest = [...(this.#sources.get(name)?.keys ?? [])].findLast((key) => !this.#options.isKept(key))
    if (youngest === undefined) return false
    this.forget(youngest)
    return true
  }
}
