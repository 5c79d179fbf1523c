import { useState } from 'preact/hooks'
import { age } from '../../model/format.ts'
import { MOST_CHARACTERS, type PeerModel } from '../../model/peer.ts'
import { briefPeer } from '../../model/peer-words.ts'
import { Icon } from '../icon.tsx'
import { useAction } from './action.ts'

/** A topic to try gossip on: what is sent here is read by everybody who listens. */
export function Messages({ model, now }: { readonly model: PeerModel; readonly now: number }) {
  const [text, setText] = useState('')
  const { busy, said, run } = useAction()
  const messages = model.messages.value
  const send = (event: Event): void => {
    event.preventDefault()
    run(async () => {
      const nodes = await model.send(text)
      setText('')
      return nodes === 0
        ? 'Signed, but no node takes it yet.'
        : `Signed here and sent to ${nodes === 1 ? 'one node' : `${nodes} nodes`}.`
    })
  }
  return (
    <div class="peer-messages">
      <form class="peer-send" onSubmit={send}>
        <label class="control">
          <span>A message to everybody on the demonstration topic</span>
          <input
            type="text"
            required
            autocomplete="off"
            maxLength={MOST_CHARACTERS}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <div class="actions">
          <button type="submit" disabled={busy}>
            Sign and send
          </button>
          <button type="button" class="quiet" onClick={() => model.leave()}>
            Stop taking part
          </button>
        </div>
        <p class={said.problem ? 'said problem' : 'said'} role="status">
          {said.text}
        </p>
      </form>
      {messages.length === 0 ? (
        <p class="empty">Nothing has been heard on this topic since this page was opened.</p>
      ) : (
        <ul class="heard" aria-label="Messages, newest first" data-testid="heard">
          {messages.map((message) => (
            <li key={message.key} class={message.own ? 'heard-own' : ''} data-from={message.from}>
              <p class="heard-text">{message.text}</p>
              <p class="heard-line">
                {message.own ? (
                  <span>Signed here</span>
                ) : (
                  <span class="heard-verified tone-good">
                    <Icon name="good" ringed /> Signature verified
                  </span>
                )}
                <span class="mono" title={message.from}>
                  {briefPeer(message.from)}
                </span>
                <span>{age(message.at, now)}</span>
              </p>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
