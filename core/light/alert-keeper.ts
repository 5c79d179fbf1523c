/**
 * Alerts that this browser has seen, for ever as far as there is room: what was seen is not told again, and what was dismissed stays so
 * (hazard OPS-H1: an alert has no date, anybody may send an old one). Other tabs write to the same store.
 */
import type { Store } from '../platform/store.ts'
import { type AlertKeys, deleteAlert, loadAlert, loadAlerts, putAlert, putDismissed } from './alert-records.ts'
import type { KeptAlert } from './alert-types.ts'
import { MOST_ALERTS_KEPT } from './policy.ts'

export class AlertKeeper {
  readonly #store: Store
  readonly #keys: AlertKeys
  readonly #alerts = new Map<string, KeptAlert>()
  /** The first look into the store. */
  #opened: Promise<void> | null = null

  constructor(store: Store, keys: AlertKeys) {
    this.#store = store
    this.#keys = keys
  }

  async knows(digest: string): Promise<boolean> {
    this.#opened ??= this.#read()
    await this.#opened
    return this.#alerts.has(digest)
  }

  /** Newest first, with what other tabs wrote. A store that fails has nothing to add. */
  async list(): Promise<readonly KeptAlert[]> {
    await this.#read()
    return [...this.#alerts.values()].sort((a, b) => b.firstSeenAt - a.firstSeenAt)
  }

  /** Keeps a verified alert that was not known, on disk when this resolves; answers it as it was kept, maybe by another tab before. */
  async keep(alert: Omit<KeptAlert, 'dismissed'>): Promise<KeptAlert> {
    const known = await orNothing(loadAlert(this.#store, this.#keys, alert.digest))
    const kept = known ?? { ...alert, dismissed: false }
    this.#alerts.set(kept.digest, kept)
    const surplus = this.#evict(kept.digest).flatMap((digest) => deleteAlert(this.#keys, digest))
    const operations = known === null ? [putAlert(this.#keys, kept), ...surplus] : surplus
    if (operations.length > 0) await orNothing(this.#store.batch(operations, 'durable'))
    return kept
  }

  /** The alert, dismissed; null for one that is not known. A store that fails forgets it with the tab. */
  async dismiss(digest: string): Promise<KeptAlert | null> {
    if (!(await this.knows(digest))) await this.#read()
    const alert = this.#alerts.get(digest)
    if (alert === undefined) return null
    const dismissed = { ...alert, dismissed: true }
    this.#alerts.set(digest, dismissed)
    await orNothing(this.#store.batch([putDismissed(this.#keys, digest)], 'durable'))
    return dismissed
  }

  async #read(): Promise<void> {
    for (const stored of (await orNothing(loadAlerts(this.#store, this.#keys))) ?? []) {
      const held = this.#alerts.get(stored.digest)
      const dismissed = stored.dismissed || held?.dismissed === true
      this.#alerts.set(stored.digest, { ...stored, dismissed })
    }
    this.#evict(null)
  }

  /** Digests that are too many, the oldest of the dismissed ones first; never `kept`. */
  #evict(kept: string | null): readonly string[] {
    const surplus = this.#alerts.size - MOST_ALERTS_KEPT
    if (surplus <= 0) return []
    const order = [...this.#alerts.values()]
      .filter(({ digest }) => digest !== kept)
      .sort((a, b) => Number(b.dismissed) - Number(a.dismissed) || a.firstSeenAt - b.firstSeenAt)
    const evicted = order.slice(0, surplus).map(({ digest }) => digest)
    for (const digest of evicted) this.#alerts.delete(digest)
    return evicted
  }
}

/** A store that fails, as all of this client sees it: said in the state when frames cannot be kept. */
async function orNothing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch {
    return null
  }
}
