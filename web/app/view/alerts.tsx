/** Messages of the network's operators: one banner for those that wait, and a panel in which all of them can be read again. */
import type { NetworkAlert } from '../client.ts'
import { undismissed } from '../model/alerts.ts'
import { brief, count, moment } from '../model/format.ts'
import type { PageModel } from '../model/page-model.ts'
import { Icon } from './icon.tsx'
import { Panel } from './panel.tsx'

/** Rows of the panel; the client remembers more. */
const MOST_ROWS = 50

/** The newest message that nobody has dismissed. It says what it is worth, and that verifying goes on. */
export function AlertBanner({ model }: { readonly model: PageModel }) {
  const waiting = undismissed(model.alerts.value)
  const [alert] = waiting
  if (alert === undefined) return null
  const dismiss = (): void => {
    model.dismissAlert(alert.digest)
    // The button goes with the last message: whoever used it by keyboard stays on the page.
    if (waiting.length === 1) document.getElementById('main')?.focus()
  }
  return (
    <section
      class="notice tone-warn alert"
      aria-label="From the operators"
      data-testid="alert"
      data-digest={alert.digest}
    >
      <Icon name="warn" ringed />
      <div class="alert-body">
        <div role="alert">
          <h2>Message from the operators of this network</h2>
          <AlertText alert={alert} />
        </div>
        <p class="alert-facts">
          <AlertFacts alert={alert} /> Alerts carry no date, so this may be an old one. This tab goes on verifying.
        </p>
      </div>
      <div class="alert-actions">
        {waiting.length > 1 && <span data-testid="alert-count">1 of {count(waiting.length)}</span>}
        <button type="button" onClick={dismiss}>
          Dismiss
        </button>
      </div>
    </section>
  )
}

/** What was dismissed can be read again. */
export function AlertsPanel({ model }: { readonly model: PageModel }) {
  const alerts = model.alerts.value
  if (alerts.length === 0) return null
  const older = alerts.length - MOST_ROWS
  const lead = 'Signed by the alert key of the network, which this tab shows and never obeys. They carry no date.'
  return (
    <Panel id="messages" title="Messages from the operators" lead={lead}>
      <ol class="alert-list" data-testid="alerts">
        {alerts.slice(0, MOST_ROWS).map((alert) => (
          <li key={alert.digest} data-digest={alert.digest} data-dismissed={alert.dismissed}>
            <AlertText alert={alert} />
            <p class="alert-facts">
              <AlertFacts alert={alert} /> {alert.dismissed ? 'Dismissed.' : 'Not dismissed.'}
            </p>
          </li>
        ))}
      </ol>
      {older > 0 && <p class="empty">{count(older)} older ones are remembered and not listed.</p>}
    </Panel>
  )
}

/** The text as it came: it is from outside, so it is shown as text, in a box of its own, whatever is written in it. */
function AlertText({ alert }: { readonly alert: NetworkAlert }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text scrolls, which a keyboard can do only in what has the focus
    <blockquote class="alert-text" dir="auto" tabIndex={0} data-testid="alert-text">
      {alert.message}
    </blockquote>
  )
}

function AlertFacts({ alert }: { readonly alert: NetworkAlert }) {
  return (
    <>
      Signed by the network’s alert key <span class="mono">{brief(alert.alertKey)}</span>, first seen by this browser on{' '}
      <time dateTime={new Date(alert.firstSeenAt).toISOString()}>{moment(alert.firstSeenAt)}</time>.
    </>
  )
}
