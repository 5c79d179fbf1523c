import { useEffect, useState } from 'preact/hooks'
import { type Asked, askedOf, KINDS, type Kind, kindsOf, readAddress, textOf } from '../../model/state/addresses.ts'
import { examplesOf } from '../../model/state/examples.ts'
import type { ExplorerModel } from '../../model/state/explorer.ts'
import type { LookupState } from '../../model/state/lookup.ts'
import { type Advice, valueWords } from '../../model/state/words.ts'
import { Icon } from '../icon.tsx'
import { Panel } from '../panel.tsx'
import { ValueCard } from './value.tsx'

/** Look up a value of state, with the proof that leads from it to a verified header. */
export function LookupPanel({ model }: { readonly model: ExplorerModel }) {
  const { lookup } = model
  const state = lookup.state.value
  return (
    <Panel
      id="lookup"
      title="Look up a value"
      lead="A node answers with the value and a proof. The proof is checked here, step by step, up to a header that this tab verified."
    >
      <div data-testid="state-lookup" data-status={state.status}>
        <LookupForm model={model} />
        <p class="visually-hidden" role="status" data-testid="state-spoken">
          {spoken(state)}
        </p>
        <div class="lookup-result" aria-busy={state.status === 'asking'}>
          {state.status === 'asking' && (
            <p class="asking">
              <Icon name="wait" ringed /> Asking the nodes, then checking their proofs.
            </p>
          )}
          {state.status === 'failed' && <AdviceCard advice={state.advice} />}
        </div>
        {state.status === 'answered' && <ValueCard lookup={lookup} asked={state.asked} answer={state.answer} />}
      </div>
    </Panel>
  )
}

/** What a screen reader hears of a look-up. */
function spoken(state: LookupState): string {
  switch (state.status) {
    case 'idle':
      return ''
    case 'asking':
      return 'Asking the nodes.'
    case 'failed':
      return `${state.advice.title}. ${state.advice.text} ${state.advice.next}`
    case 'answered': {
      const { value } = state.answer
      const { title, reason } = valueWords(value)
      return `${title}, frame ${value.frame}. ${reason ?? ''}`
    }
  }
}

/** A failure with what to do about it. */
export function AdviceCard({ advice }: { readonly advice: Advice }) {
  return (
    <div class="verdict tone-warn" data-testid="advice">
      <p class="verdict-title">
        <Icon name="warn" ringed />
        <strong>{advice.title}</strong>
      </p>
      <p class="verdict-reason">{advice.text}</p>
      <p class="verdict-reason">
        <span class="next-label">What to do</span> {advice.next}
      </p>
    </div>
  )
}

function LookupForm({ model }: { readonly model: ExplorerModel }) {
  const { lookup } = model
  const state = lookup.state.value
  const [text, setText] = useState('')
  const [kind, setKind] = useState<Kind>('vertex')
  const [problem, setProblem] = useState<string | null>(null)
  const asked = state.status === 'idle' ? null : state.asked

  // What is asked from elsewhere (a member, a prover of the registry) shows in the field too.
  useEffect(() => {
    if (asked === null) return
    setText(textOf(asked))
    setKind(asked.kind)
    setProblem(null)
  }, [asked])

  const type = (next: string): void => {
    setText(next)
    setProblem(null)
    const typed = readAddress(next)
    if (typeof typed !== 'string' && !kindsOf(typed).includes(kind)) setKind(kindsOf(typed)[0] ?? kind)
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    const typed = readAddress(text)
    const question = typeof typed === 'string' ? typed : askedOf(typed, kind)
    if (typeof question === 'string') setProblem(question)
    else void lookup.ask(question)
  }
  return (
    <form class="lookup-form" onSubmit={submit} noValidate>
      <label class="control">
        <span>Address in hex: 64 bytes (or domain/address), a prover’s or an application’s 32</span>
        <textarea
          rows={2}
          name="state-address"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          maxLength={512}
          placeholder="domain/address"
          value={text}
          aria-invalid={problem !== null}
          aria-describedby="lookup-problem"
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') submit(event)
          }}
        />
      </label>
      <fieldset class="pills">
        <legend>What it is</legend>
        {KINDS.map((choice) => (
          <label key={choice.kind} class="pill">
            <input
              type="radio"
              name="state-kind"
              value={choice.kind}
              checked={kind === choice.kind}
              onChange={() => setKind(choice.kind)}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </fieldset>
      <div class="actions">
        <button type="submit" class="primary" disabled={state.status === 'asking'}>
          {state.status === 'asking' ? 'Looking it up' : 'Look it up'}
        </button>
        <p id="lookup-problem" class="said problem" role="status">
          {problem}
        </p>
      </div>
      <Examples model={model} ask={(question) => void lookup.ask(question)} />
    </form>
  )
}

function Examples({ model, ask }: { readonly model: ExplorerModel; readonly ask: (asked: Asked) => void }) {
  const { page } = model
  // Read so that the examples appear when the description arrives.
  void page.state.value
  const examples = examplesOf(page.client.network, page.head.value)
  if (examples.length === 0) return null
  return (
    <div class="examples" data-testid="examples">
      <p class="examples-label">Try an example</p>
      <ul class="actions">
        {examples.map((example) => (
          <li key={example.title}>
            <button type="button" class="small" onClick={() => ask(example.asked)}>
              {example.title}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
