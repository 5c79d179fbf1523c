/** Tasks on a virtual clock, in order of time and then of their making. Simulations only. */
import type { Millis } from '../platform/machine.ts'

interface Task {
  readonly at: Millis
  readonly order: number
  readonly run: () => void
}

const before = (a: Task, b: Task) => a.at < b.at || (a.at === b.at && a.order < b.order)

/** A binary heap. */
export class Schedule {
  readonly #heap: Task[] = []
  #order = 0

  /** Time of the next task, or infinity. */
  get next(): Millis {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  add(at: Millis, run: () => void): void {
    const heap = this.#heap
    const task = { at, order: this.#order++, run }
    let place = heap.length
    heap.push(task)
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !before(task, parent)) break
      heap[place] = parent
      place = above
    }
    heap[place] = task
  }

  take(): (() => void) | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first?.run
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left === undefined) break
      if (right !== undefined && before(right, left)) below++
      const child = heap[below]
      if (child === undefined || !before(child, last)) break
      heap[place] = child
      place = below
    }
    heap[place] = last
    return first.run
  }
}
