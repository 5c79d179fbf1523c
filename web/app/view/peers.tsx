import type { PeerStatus } from '../client.ts'
import { bytes, count, millis } from '../model/format.ts'
import type { PageModel } from '../model/page-model.ts'
import { type Tone, transportWords } from '../model/words.ts'
import { Icon } from './icon.tsx'
import { Panel } from './panel.tsx'

const STATUS: Readonly<Record<PeerStatus['status'], { readonly tone: Tone; readonly word: string }>> = {
  connected: { tone: 'good', word: 'Connected' },
  connecting: { tone: 'wait', word: 'Connecting' },
  failed: { tone: 'warn', word: 'Not reached' },
}

export function PeersPanel({ model }: { readonly model: PageModel }) {
  const { peers } = model.state.value
  return (
    <Panel
      id="peers"
      title="Nodes"
      lead="They deliver frames. Nothing they say is believed: the worst they can do is stay silent."
    >
      {peers.length === 0 ? (
        <p class="empty">No node is connected.</p>
      ) : (
        <ul class="peers">
          {peers.map((peer) => (
            <li
              key={`${peer.id} ${peer.address}`}
              class={`peer tone-${STATUS[peer.status].tone}`}
              data-transport={peer.transport}
            >
              <p class="peer-line">
                <Icon name={STATUS[peer.status].tone} ringed />
                <strong>{STATUS[peer.status].word}</strong>
                <span class="peer-transport">{transportWords(peer.transport)}</span>
              </p>
              <p class="peer-address">{peer.address}</p>
              {peer.reason !== null && peer.reason !== '' && <p class="peer-reason">{peer.reason}</p>}
              {peer.status === 'connected' && (
                <p class="peer-traffic">
                  {bytes(peer.received)} in, {bytes(peer.sent)} out
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

/** What this tab itself verified in the last hour: the reason why green means proved. */
export function WorkPanel({ model }: { readonly model: PageModel }) {
  const work = model.work.value
  return (
    <Panel id="work" title="Work of this tab, last hour">
      <dl class="figures">
        <div>
          <dt>Certificates</dt>
          <dd>{work === null ? '–' : count(work.certificates)}</dd>
        </div>
        <div>
          <dt>Time proofs</dt>
          <dd>{work === null ? '–' : count(work.timeProofs)}</dd>
        </div>
        <div>
          <dt>Refused</dt>
          <dd>{work === null ? '–' : count(work.refusals)}</dd>
        </div>
        <div>
          <dt>Computing</dt>
          <dd>{work === null ? '–' : millis(work.millis)}</dd>
        </div>
      </dl>
    </Panel>
  )
}
