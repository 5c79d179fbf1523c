/** What follows from the alerts that nodes send. It never keeps frames from being verified: a client that only shows an alert is not halted by one. */
import type { Millis } from '../platform/machine.ts'
import type { Conversations } from './conversations.ts'
import type { LightEffect, LightEvent } from './events.ts'
import type { Connection } from './peers.ts'
import { MOST_ALERT_ANSWERS } from './policy.ts'
import { WIRE_LIMITS } from './wire-limits.ts'
import type { Work } from './work.ts'

export interface AlertTalkParts {
  readonly conversations: Conversations
  readonly work: Work
  emit(effect: LightEffect): void
}

export class AlertTalk {
  readonly #parts: AlertTalkParts

  constructor(parts: AlertTalkParts) {
    this.#parts = parts
  }

  handle(event: Extract<LightEvent, { kind: 'alerted' | 'alertsJudged' }>, now: Millis): void {
    const connection = this.#parts.conversations.peers.get(event.peer)
    if (connection === undefined) return
    if (event.kind === 'alerted') this.#alerted(connection, event.alerts, now)
    else this.#judged(connection, event.lie, now)
  }

  #alerted(connection: Connection, alerts: readonly Uint8Array[], now: Millis): void {
    if (connection.stage === 'dialing') return
    const { conversations } = this.#parts
    connection.lastHeardAt = now
    // Whatever it says costs something, nothing at all and what is not listened to included.
    if (!conversations.peers.allowsAnnouncement(connection, now)) {
      conversations.leave(connection.key, 'it floods with alerts', now)
      return
    }
    if (connection.alerts.ignored || alerts.length === 0) return
    // The wire protocol holds these limits, but a transport of an embedder may not.
    if (alerts.length > WIRE_LIMITS.alerts || alerts.some(({ length }) => length > WIRE_LIMITS.alertBytes)) {
      this.#lied(connection, 'it sends more or longer alerts than there can be', now)
    } else if (connection.alerts.judging >= MOST_ALERT_ANSWERS)
      conversations.leave(connection.key, 'it floods with alerts', now)
    else {
      connection.alerts.judging++
      this.#parts.emit({ kind: 'judgeAlerts', peer: connection.key, alerts })
    }
  }

  #judged(connection: Connection, lie: string | null, now: Millis): void {
    connection.alerts.judging--
    if (lie !== null && !connection.alerts.ignored) this.#lied(connection, `an alert is refused: ${lie}`, now)
  }

  /**
   * It is left as any other that lies, where there is another node: the only one is kept for its frames, and its alerts are not listened
   * to. Anchors of long ago may name another alert key than the network has by now, and then all nodes look like that.
   */
  #lied(connection: Connection, reason: string, now: Millis): void {
    const { conversations, work, emit } = this.#parts
    work.refusal(now)
    emit({ kind: 'refusal', frame: null, from: connection.address, reason, checks: [] })
    const others = conversations.peers.greeted().some(({ key }) => key !== connection.key)
    if (others) conversations.leave(connection.key, reason, now)
    else connection.alerts.ignored = true
  }
}
