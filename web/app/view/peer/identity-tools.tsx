import { useState } from 'preact/hooks'
import type { PeerModel } from '../../model/peer.ts'
import { briefPeer } from '../../model/peer-words.ts'
import { download } from '../download.ts'
import { useAction } from './action.ts'

/** Keep, move, lock or forget the identity. */
export function IdentityTools({ model }: { readonly model: PeerModel }) {
  return (
    <details class="peer-tools">
      <summary>Keep, move or forget this identity</summary>
      <div class="connect">
        <ExportForm model={model} />
        <ImportForm model={model} />
        <PasskeyTool model={model} />
        <ForgetTool model={model} />
      </div>
    </details>
  )
}

/** For who comes from another browser: a file instead of a new identity. */
export function ImportInstead({ model }: { readonly model: PeerModel }) {
  return (
    <details class="peer-tools">
      <summary>Use an identity from a file instead</summary>
      <div class="connect">
        <ImportForm model={model} />
      </div>
    </details>
  )
}

function Status({ said }: { readonly said: { readonly text: string; readonly problem: boolean } }) {
  return (
    <p class={said.problem ? 'said problem' : 'said'} role="status">
      {said.text}
    </p>
  )
}

function Passphrase({ label, value, onInput, fresh }: PassphraseProps) {
  return (
    <label class="control">
      <span>{label}</span>
      <input
        type="password"
        required
        maxLength={1024}
        autocomplete={fresh ? 'new-password' : 'current-password'}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  )
}

interface PassphraseProps {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly fresh: boolean
}

function ExportForm({ model }: { readonly model: PeerModel }) {
  const [passphrase, setPassphrase] = useState('')
  const { busy, said, run } = useAction()
  const save = (event: Event): void => {
    event.preventDefault()
    run(async () => {
      const file = await model.client.exportIdentity(passphrase)
      setPassphrase('')
      download(`petal-identity-${model.status.value?.identity?.peerId.slice(-6) ?? 'file'}.json`, file)
      return 'Saved. Without its passphrase the file opens nothing: keep both.'
    })
  }
  return (
    <form onSubmit={save}>
      <h3>Save a copy</h3>
      <Passphrase label="A new passphrase (8 characters or more)" value={passphrase} onInput={setPassphrase} fresh />
      <button type="submit" disabled={busy}>
        {busy ? 'Encrypting' : 'Save identity'}
      </button>
      <Status said={said} />
    </form>
  )
}

function ImportForm({ model }: { readonly model: PeerModel }) {
  const replaces = model.status.value?.identity != null
  const [file, setFile] = useState<File | null>(null)
  const [passphrase, setPassphrase] = useState('')
  const [replace, setReplace] = useState(false)
  const { busy, said, run } = useAction()
  const take = (event: Event): void => {
    event.preventDefault()
    run(async () => {
      if (file === null) throw new Error('Choose a file first.')
      const content = new Uint8Array(await file.arrayBuffer())
      const { peerId } = await model.client.importIdentity(content, passphrase, { replace })
      setPassphrase('')
      setReplace(false)
      await model.refresh()
      return `This browser is ${briefPeer(peerId)} now.`
    })
  }
  return (
    <form onSubmit={take}>
      <h3>Bring another one here</h3>
      <label class="control">
        <span>A file with an identity</span>
        <input type="file" required onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
      </label>
      <Passphrase label="Its passphrase" value={passphrase} onInput={setPassphrase} fresh={false} />
      {replaces && (
        <label class="check-line">
          <input type="checkbox" checked={replace} onChange={(event) => setReplace(event.currentTarget.checked)} />
          <span>Give up the identity that is here, for good</span>
        </label>
      )}
      <button type="submit" disabled={busy}>
        {busy ? 'Opening' : 'Import identity'}
      </button>
      <Status said={said} />
    </form>
  )
}

function PasskeyTool({ model }: { readonly model: PeerModel }) {
  const { busy, said, run } = useAction()
  const locked = model.status.value?.identity?.protection === 'passkey'
  const protect = () =>
    run(async () => {
      await model.client.protectIdentity(locked ? 'browser' : 'passkey')
      await model.refresh()
      return locked ? 'This browser opens the key by itself again.' : 'From now on only your passkey opens the key.'
    })
  return (
    <div class="peer-tool">
      <h3>Lock it</h3>
      <p>
        {locked
          ? 'A passkey opens the key of this identity, once for each visit.'
          : 'A passkey can lock the key: nobody uses it on this device without you.'}
      </p>
      <button type="button" disabled={busy} onClick={protect}>
        {locked ? 'Open without the passkey' : 'Lock with a passkey'}
      </button>
      <Status said={said} />
    </div>
  )
}

function ForgetTool({ model }: { readonly model: PeerModel }) {
  const [asking, ask] = useState(false)
  const { busy, said, run } = useAction()
  const peerId = model.status.value?.identity?.peerId ?? ''
  const forget = () =>
    run(async () => {
      await model.client.forgetIdentity(peerId)
      model.leave()
    })
  return (
    <div class="peer-tool">
      <h3>Forget it</h3>
      <p>Forgetting deletes the key in this browser. Only a saved file brings the identity back.</p>
      {asking ? (
        <fieldset class="actions">
          <legend class="visually-hidden">Really forget {briefPeer(peerId)}?</legend>
          <button type="button" class="danger" disabled={busy} onClick={forget}>
            Forget {briefPeer(peerId)} for good
          </button>
          <button type="button" class="quiet" onClick={() => ask(false)}>
            Keep it
          </button>
        </fieldset>
      ) : (
        <button type="button" onClick={() => ask(true)}>
          Forget this identity
        </button>
      )}
      <Status said={said} />
    </div>
  )
}
