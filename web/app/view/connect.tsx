import { useState } from 'preact/hooks'
import type { ClientState } from '../client.ts'
import { age, brief, count } from '../model/format.ts'
import type { PageModel } from '../model/page-model.ts'
import { readPasted, storeTrust } from '../trust.ts'
import { Panel } from './panel.tsx'

/** Which anchors this tab trusts, and how to trust others or reach another node. */
export function ConnectPanel({ model }: { readonly model: PageModel }) {
  return (
    <Panel id="trust" title="What this tab trusts" lead={<TrustLine model={model} />}>
      <TrustFacts model={model} />
      <div class="connect">
        <AddressForm model={model} />
        <AnchorsForm model={model} />
      </div>
    </Panel>
  )
}

function TrustLine({ model }: { readonly model: PageModel }) {
  void model.state.value
  if (model.trust === 'pasted') return <>Anchors that you pasted. Nodes are not trusted.</>
  return <>Anchors from network.json of the site that served this page. Nodes are not trusted.</>
}

function TrustFacts({ model }: { readonly model: PageModel }) {
  void model.state.value
  const now = model.now.value
  const anchors = model.client.network?.anchors
  if (anchors === undefined) return <p class="empty">No anchors have been read yet.</p>
  const { checkpoint } = anchors
  const committee = committeeShown(model.state.value.committee)
  return (
    <dl class="figures" data-testid="trust" data-source={model.trust}>
      <div>
        <dt>Committee</dt>
        <dd data-testid="committee" data-origin={committee.origin} data-frame={committee.frame}>
          {committee.text}
        </dd>
      </div>
      <div>
        <dt>Starts at frame</dt>
        <dd>{count(BigInt(checkpoint.number))}</dd>
      </div>
      <div>
        <dt>Its identity</dt>
        <dd class="mono">{brief(checkpoint.identity)}</dd>
      </div>
      <div>
        <dt>Anchors made</dt>
        <dd>{age(anchors.issuedAt, now)}</dd>
      </div>
    </dl>
  )
}

/** Whose signatures count, and where that is known from. */
function committeeShown(state: ClientState['committee']) {
  if (state === null) return { origin: '', frame: '', text: 'Not known yet' }
  const { origin, frame, members, reason } = state
  if (members === null) return { origin, frame: '', text: reason ?? 'Not known yet' }
  const text =
    origin === 'pinned' ? 'pinned by the anchors' : `derived from the registry at frame ${count(frame ?? 0n)}`
  return { origin, frame: String(frame ?? ''), text: `${members} members, ${text}` }
}

function AddressForm({ model }: { readonly model: PageModel }) {
  const [address, setAddress] = useState('')
  const [said, say] = useState<{ good: boolean; text: string } | null>(null)
  const add = async (event: Event): Promise<void> => {
    event.preventDefault()
    try {
      await model.client.addAddress(address.trim())
      say({ good: true, text: 'Added. See under Nodes whether it answers.' })
      setAddress('')
    } catch (error) {
      say({ good: false, text: error instanceof Error ? error.message : 'That address could not be used.' })
    }
  }
  return (
    <form onSubmit={add}>
      <label class="control">
        <span>Address of a node (multiaddr)</span>
        <input
          type="text"
          required
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          placeholder="/ip4/127.0.0.1/tcp/4001/ws/p2p/…"
          maxLength={1024}
          value={address}
          onInput={(event) => setAddress(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Add node</button>
      <p role="status" class={said === null ? 'said' : said.good ? 'said' : 'said problem'}>
        {said?.text}
      </p>
    </form>
  )
}

function AnchorsForm({ model }: { readonly model: PageModel }) {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const restart = (chosen: string | null): void => {
    if (storeTrust(chosen)) location.reload()
    else setProblem('This browser keeps nothing for this page, so the choice cannot be remembered over a reload.')
  }
  const trust = (event: Event): void => {
    event.preventDefault()
    const pasted = readPasted(text)
    if (typeof pasted === 'string') setProblem(pasted)
    else restart(text)
  }
  return (
    <form onSubmit={trust}>
      <label class="control">
        <span>Anchors or a whole network.json</span>
        <textarea
          rows={4}
          required
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          placeholder='{"checkpoint": …, "committee": …}'
        />
      </label>
      <div class="actions">
        <button type="submit">Trust these and restart</button>
        {model.trust === 'pasted' && (
          <button type="button" class="quiet" onClick={() => restart(null)}>
            Back to this site’s anchors
          </button>
        )}
      </div>
      <p role="status" class="said problem">
        {problem}
      </p>
    </form>
  )
}
