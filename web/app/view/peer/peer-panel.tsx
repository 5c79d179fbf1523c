import { useEffect, useState } from 'preact/hooks'
import type { GossipStatus } from '../../client.ts'
import { count } from '../../model/format.ts'
import type { PageModel } from '../../model/page-model.ts'
import { canTakePart, createPeerModel, type PeerModel } from '../../model/peer.ts'
import { FORGOTTEN_WORDS, hostWords, NO_DEMONSTRATION_WORDS, protectionWords } from '../../model/peer-words.ts'
import { Panel } from '../panel.tsx'
import { Copy } from '../state/copy.tsx'
import { useAction } from './action.ts'
import { IdentityTools, ImportInstead } from './identity-tools.tsx'
import { Messages } from './messages.tsx'
import '../../style/peer.css'

/** This tab with a key of its own: who it is, whom it gossips with, and a topic to try it on. */
export function PeerPanel({ page }: { readonly page: PageModel }) {
  const [model] = useState(() => createPeerModel(page.client))
  useEffect(() => model.close, [model])
  const status = model.status.value
  const known = status?.identity != null
  // The network becomes known with some state.
  const takesPart = page.state.value && canTakePart(page.client) !== false
  return (
    <Panel
      id="peer"
      title="This tab as a peer"
      lead="With a key of its own this tab signs messages and checks those of others. Nodes only pass them on: they cannot change a word."
    >
      {known && <Facts status={status} />}
      {status?.locked === true && <Unlock model={model} />}
      {status?.forgotten === true && (
        <p class="peer-host" role="status" data-testid="peer-forgotten">
          {FORGOTTEN_WORDS}
        </p>
      )}
      {takesPart ? (
        <TakePart page={page} model={model} known={known} />
      ) : (
        <p class="empty" data-testid="peer-nowhere">
          {NO_DEMONSTRATION_WORDS}
        </p>
      )}
      {known && <IdentityTools model={model} />}
      {!known && takesPart && <ImportInstead model={model} />}
    </Panel>
  )
}

function TakePart({
  page,
  model,
  known,
}: {
  readonly page: PageModel
  readonly model: PeerModel
  readonly known: boolean
}) {
  if (model.joined.value) return <Messages model={model} now={page.now.value} />
  return model.status.value?.locked === true ? null : <Join model={model} known={known} />
}

function Facts({ status }: { readonly status: GossipStatus }) {
  const { identity, peers, received, published, refused } = status
  if (identity === null) return null
  return (
    <>
      <p class="peer-id" data-testid="peer-id" data-peer-id={identity.peerId}>
        <span class="peer-id-words">Peer id</span>
        <Copy text={identity.peerId} about="the peer id" />
      </p>
      <p class="peer-host" role="status" data-testid="peer-host" data-host={status.host ?? ''}>
        {hostWords(status)}
      </p>
      <dl class="figures peer-figures">
        <div>
          <dt>Nodes</dt>
          <dd data-testid="peer-nodes">{count(peers.length)}</dd>
        </div>
        <div>
          <dt>Received</dt>
          <dd>{count(received)}</dd>
        </div>
        <div>
          <dt>Sent</dt>
          <dd>{count(published)}</dd>
        </div>
        <div>
          <dt>Refused</dt>
          <dd>{count(refused)}</dd>
        </div>
        <div class="peer-protection">
          <dt>The key is kept by</dt>
          <dd class="words">{protectionWords(identity.protection)}</dd>
        </div>
      </dl>
    </>
  )
}

function Join({ model, known }: { readonly model: PeerModel; readonly known: boolean }) {
  const { busy, said, run } = useAction()
  return (
    <div class="actions">
      <button type="button" disabled={busy} onClick={() => run(() => model.join())}>
        {known ? 'Take part in gossip' : 'Make an identity and take part'}
      </button>
      <p class={said.problem ? 'said problem' : 'said'} role="status">
        {busy ? 'Starting.' : said.text}
      </p>
    </div>
  )
}

function Unlock({ model }: { readonly model: PeerModel }) {
  const { busy, said, run } = useAction()
  const unlock = () =>
    run(async () => {
      await model.client.unlockIdentity()
      await model.join()
    })
  return (
    <div class="actions">
      <button type="button" disabled={busy} onClick={unlock}>
        Unlock with the passkey
      </button>
      <p class={said.problem ? 'said problem' : 'said'} role="status">
        {said.text}
      </p>
    </div>
  )
}
