/** Alerts of the network's operators that this node serves to light clients, as they were received (spec 53 section 8). */
import { WIRE_LIMITS } from '@petal/core/light/wire.ts'

export class OfferedAlerts {
  /** Newest first. */
  #recent: readonly Uint8Array[] = []
  readonly #listeners = new Set<(alert: Uint8Array) => void>()

  /** Newest first, as many as one answer carries. */
  get recent(): readonly Uint8Array[] {
    return this.#recent
  }

  /** The newest one from now on. It was verified. */
  offer(alert: Uint8Array): void {
    this.#recent = withNewest(this.#recent, alert)
    for (const listener of [...this.#listeners]) listener(alert)
  }

  /** Calls back for each later alert until the returned function is called. The listener does not throw. */
  onOffer(listener: (alert: Uint8Array) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** `alert` before the others; the oldest go when there are more than one answer carries. */
export const withNewest = (alerts: readonly Uint8Array[], alert: Uint8Array): readonly Uint8Array[] =>
  [alert, ...alerts].slice(0, WIRE_LIMITS.alerts)
