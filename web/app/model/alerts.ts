/** Messages of the network's operators, as the page shows them. The client verified them and remembers what was dismissed. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Client, NetworkAlert } from '../client.ts'

export interface AlertModel {
  /** All that this browser has seen, newest first. */
  readonly alerts: ReadonlySignal<readonly NetworkAlert[]>
  /** Put away at once; kept for the next visit by the client. */
  dismiss(digest: string): void
  close(): void
}

export function createAlertModel(client: Client): AlertModel {
  const alerts = signal<readonly NetworkAlert[]>([])
  const show = (told: readonly NetworkAlert[]): void => {
    alerts.value = merged(alerts.value, told)
  }
  /** What was stored, and what other tabs dismissed. */
  const refresh = (): void => void client.alerts().then(show, () => undefined)
  const off = [
    client.on('alert', (alert) => show([alert])),
    // The first state says that the client was started: what the last visit left can be asked for.
    client.on('state', () => {
      off[1]?.()
      refresh()
    }),
  ]
  if (client.state.phase !== 'idle') refresh()
  addEventListener('focus', refresh)
  return {
    alerts,
    dismiss(digest) {
      show(alerts.value.filter((alert) => alert.digest === digest).map((alert) => ({ ...alert, dismissed: true })))
      // A client that has ended keeps nothing: then it is put away in this tab alone.
      void client.dismissAlert(digest).catch(() => undefined)
    },
    close() {
      removeEventListener('focus', refresh)
      for (const stop of off) stop()
    },
  }
}

/** The alerts that wait for a person, newest first. */
export const undismissed = (alerts: readonly NetworkAlert[]): readonly NetworkAlert[] =>
  alerts.filter(({ dismissed }) => !dismissed)

/** What was dismissed stays so, whichever answer comes last. */
function merged(known: readonly NetworkAlert[], told: readonly NetworkAlert[]): readonly NetworkAlert[] {
  const all = new Map(known.map((alert) => [alert.digest, alert]))
  for (const alert of told) {
    const dismissed = alert.dismissed || all.get(alert.digest)?.dismissed === true
    all.set(alert.digest, { ...alert, dismissed })
  }
  return [...all.values()].sort((a, b) => b.firstSeenAt - a.firstSeenAt)
}
