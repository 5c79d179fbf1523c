/** Which leaves of a pull are there: ranges of leaf indices, asked for out of order (spec 22 section 5 steps 3 to 5). */
import { compareBytes } from '../state/bytes.ts'

/** Leaves with indices from `from` on, in tree order. */
export interface Range {
  readonly from: number
  readonly count: number
}

/** A page that was checked and set aside. */
export interface StagedPage extends Range {
  readonly firstKey: Uint8Array
  readonly lastKey: Uint8Array
  /** Bytes of its leaves. */
  readonly bytes: number
  /** Who sent it; absent in what an earlier run left. */
  readonly peer?: string
}

export class PageMap {
  /** Leaves of the whole tree. */
  readonly total: number
  #next = 0
  readonly #holes: Range[] = []
  readonly #byStart = new Map<number, StagedPage>()
  readonly #byEnd = new Map<number, StagedPage>()
  #leaves = 0
  #bytes = 0

  constructor(total: number) {
    this.total = total
  }

  get leaves(): number {
    return this.#leaves
  }

  get bytes(): number {
    return this.#bytes
  }

  get complete(): boolean {
    return this.#leaves === this.total
  }

  /** Whoever sent pages that are held; null stands for an earlier run. */
  get senders(): ReadonlySet<string | null> {
    return new Set([...this.#byStart.values()].map(({ peer }) => peer ?? null))
  }

  /** Takes up what an earlier run left; false when it does not fit the tree, and then nothing was taken. */
  resume(pages: readonly StagedPage[]): boolean {
    let end = 0
    let last: Uint8Array | undefined
    for (const page of pages.toSorted((a, b) => a.from - b.from)) {
      const fits = page.from >= end && page.count > 0 && page.from + page.count <= this.total
      if (!fits || (last !== undefined && compareBytes(last, page.firstKey) >= 0)) return false
      end = page.from + page.count
      last = page.lastKey
    }
    for (const page of pages.toSorted((a, b) => a.from - b.from)) {
      if (page.from > this.#next) this.#holes.push({ from: this.#next, count: page.from - this.#next })
      this.#next = page.from + page.count
      this.#hold(page)
    }
    return true
  }

  /** The lowest leaves that nobody was asked for, at most `most`. */
  take(most: number): Range | undefined {
    const hole = this.#holes.shift()
    if (hole !== undefined) {
      if (hole.count > most) this.#holes.unshift({ from: hole.from + most, count: hole.count - most })
      return { from: hole.from, count: Math.min(most, hole.count) }
    }
    const count = Math.min(most, this.total - this.#next)
    if (count <= 0) return undefined
    this.#next += count
    return { from: this.#next - count, count }
  }

  /** Leaves that were asked for and did not come. */
  giveBack(range: Range): void {
    if (range.count <= 0) return
    this.#holes.push(range)
    this.#holes.sort((a, b) => a.from - b.from)
  }

  /** Holds a page; the page beside it that does not join on when its keys are not between its neighbours'. */
  add(page: StagedPage): StagedPage | null {
    const before = this.#byEnd.get(page.from)
    if (before !== undefined && compareBytes(before.lastKey, page.firstKey) >= 0) return before
    const after = this.#byStart.get(page.from + page.count)
    if (after !== undefined && compareBytes(page.lastKey, after.firstKey) >= 0) return after
    this.#hold(page)
    return null
  }

  #hold(page: StagedPage): void {
    this.#byStart.set(page.from, page)
    this.#byEnd.set(page.from + page.count, page)
    this.#leaves += page.count
    this.#bytes += page.bytes
  }
}
