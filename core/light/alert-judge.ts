/**
 * Reads, verifies and keeps the alerts that nodes send, one after the other: at most the alerts of one answer from one node at a time, each of them
 * verified once. What is known already costs a hash.
 */
import { hexToBytes } from '@noble/hashes/utils.js'
import { DEFAULT_ALERT_KEY } from '../identity/alert-key.ts'
import type { Millis } from '../platform/machine.ts'
import type { Store } from '../platform/store.ts'
import { AlertKeeper } from './alert-keeper.ts'
import { AlertKeys } from './alert-records.ts'
import type { AlertReader, KeptAlert } from './alert-types.ts'
import type { Anchors } from './anchors.ts'
import type { LightEvent, PeerKey } from './events.ts'
import { ALERT_READER_PAUSE_MILLIS } from './policy.ts'

/** What an embedder of the driver gives so that alerts are asked for. */
export interface AlertParts {
  /** Loaded when the first alert comes: most clients never see one. */
  load(): Promise<AlertReader>
  /** An alert is new here, or was dismissed. It is kept when this is called. */
  told(alert: KeptAlert): void
}

export interface AlertJudgeParts extends AlertParts {
  readonly store: Store
  /** Beginning of the keys of this network. */
  readonly prefix: Uint8Array
  readonly anchors: Anchors
  readonly clock: { now(): Millis; at(time: Millis, callback: () => void): () => void }
  send(event: LightEvent): void
}

export class AlertJudge {
  readonly #parts: AlertJudgeParts
  readonly #alertKey: Uint8Array
  readonly #keeper: AlertKeeper
  #turn: Promise<void> = Promise.resolve()
  #reader: AlertReader | null = null
  #stopped = false
  readonly #ended = Promise.withResolvers<null>()

  constructor(parts: AlertJudgeParts) {
    this.#parts = parts
    const { alertKey } = parts.anchors
    this.#alertKey = alertKey === undefined ? DEFAULT_ALERT_KEY : hexToBytes(alertKey)
    this.#keeper = new AlertKeeper(parts.store, new AlertKeys(parts.prefix, this.#alertKey))
  }

  /** Newest first. */
  list(): Promise<readonly KeptAlert[]> {
    return this.#keeper.list()
  }

  /** False for an alert that is not known. */
  async dismiss(digest: string): Promise<boolean> {
    const dismissed = await this.#keeper.dismiss(digest)
    if (dismissed !== null) this.#parts.told(dismissed)
    return dismissed !== null
  }

  /** Ends with an event `alertsJudged`, unless it was stopped. */
  judge(peer: PeerKey, alerts: readonly Uint8Array[]): void {
    this.#turn = this.#turn.then(async () => {
      const lie = await this.#judge(alerts)
      if (!this.#stopped) this.#parts.send({ kind: 'alertsJudged', peer, lie })
    })
  }

  stop(): Promise<void> {
    this.#stopped = true
    this.#ended.resolve(null)
    return this.#turn
  }

  /** What is wrong with them; null for nothing. */
  async #judge(alerts: readonly Uint8Array[]): Promise<string | null> {
    // Oldest first, so that the newest is the one that was told last.
    for (const [index, bytes] of alerts.toReversed().entries()) {
      const reader = await this.#loaded()
      if (reader === null) return null
      const alert = reader.decode(bytes)
      if (alert.valid === false) return alert.reason
      const { digest, message } = alert
      if (await this.#keeper.knows(digest)) continue
      if (!(await reader.verify(this.#alertKey, alert)))
        return 'its signature is not of the alert key that the anchors name'
      if (this.#stopped) return null
      const kept = await this.#keeper.keep({ digest, message, firstSeenAt: this.#parts.clock.now() + index })
      if (!this.#stopped) this.#parts.told(kept)
    }
    return null
  }

  /** Null after `stop`, which waits for no answer. Without a connection what is to be loaded does not come: it is tried again. */
  async #loaded(): Promise<AlertReader | null> {
    while (this.#reader === null && !this.#stopped) {
      try {
        this.#reader = await Promise.race([this.#parts.load(), this.#ended.promise])
      } catch {
        await this.#pause()
      }
    }
    return this.#stopped ? null : this.#reader
  }

  async #pause(): Promise<void> {
    const { clock } = this.#parts
    const over = Promise.withResolvers<null>()
    const cancel = clock.at(clock.now() + ALERT_READER_PAUSE_MILLIS, () => over.resolve(null))
    await Promise.race([over.promise, this.#ended.promise])
    cancel()
  }
}
