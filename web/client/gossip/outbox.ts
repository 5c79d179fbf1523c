/** Messages on their way to the page: one batch at a time, the next when the page has taken it; the oldest are dropped when it is too slow. */
import { TAB_LIMITS } from './limits.ts'
import type { Delivery, OnDeliveries } from './wishes.ts'

export class Outbox {
  readonly #deliver: OnDeliveries
  #waiting: Delivery[] = []
  #bytes = 0
  #sending = false
  #dropped = 0

  constructor(deliver: OnDeliveries) {
    this.#deliver = deliver
  }

  get dropped(): number {
    return this.#dropped
  }

  push(delivery: Delivery): void {
    this.#waiting.push(delivery)
    this.#bytes += sizeOf(delivery)
    while (this.#waiting.length > TAB_LIMITS.outboxMessages || this.#bytes > TAB_LIMITS.outboxBytes) {
      const oldest = this.#waiting.shift()
      if (oldest === undefined) break
      this.#bytes -= sizeOf(oldest)
      this.#dropped++
    }
    if (!this.#sending) void this.#send()
  }

  async #send(): Promise<void> {
    this.#sending = true
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting
        this.#waiting = []
        this.#bytes = 0
        await this.#deliver(batch)
      }
    } catch {
      // The page is gone, or its listener cannot be reached: what waited for it is of no use.
      this.#waiting = []
      this.#bytes = 0
    } finally {
      this.#sending = false
    }
  }
}

const sizeOf = ({ message }: Delivery): number => message.data.length
