import type { Millis } from '../platform/machine.ts'

/** Things that were asked for and not answered yet, each with the time after which no answer is expected. */
export class Pending<T> {
  readonly #items = new Map<number, { readonly value: T; deadline: Millis; readonly patience: number }>()
  #next = 1

  add(value: T, now: Millis, patienceMillis: number): number {
    const id = this.#next++
    this.#items.set(id, { value, deadline: now + patienceMillis, patience: patienceMillis })
    return id
  }

  /** The thing with that id, once; undefined for an answer that comes twice or too late. */
  take(id: number): T | undefined {
    const item = this.#items.get(id)
    this.#items.delete(id)
    return item?.value
  }

  /** Removes what matches; no answer to it is taken any more. */
  drop(matches: (value: T) => boolean): readonly number[] {
    const dropped = [...this.#items].filter(([, item]) => matches(item.value)).map(([id]) => id)
    for (const id of dropped) this.#items.delete(id)
    return dropped
  }

  /** Removes and returns what was never answered. */
  expire(now: Millis): readonly T[] {
    const late = [...this.#items].filter(([, item]) => item.deadline <= now)
    for (const [id] of late) this.#items.delete(id)
    return late.map(([, item]) => item.value)
  }

  /** After a jump of the clock: everybody has the whole time again. */
  forgive(now: Millis): void {
    for (const item of this.#items.values()) item.deadline = now + item.patience
  }

  values(): readonly T[] {
    return [...this.#items.values()].map((item) => item.value)
  }

  get size(): number {
    return this.#items.size
  }

  /** When the first of them is late; Infinity when nothing is pending. */
  earliest(): Millis {
    let earliest = Number.POSITIVE_INFINITY
    for (const item of this.#items.values()) earliest = Math.min(earliest, item.deadline)
    return earliest
  }
}
