import type { ProofStep, StateValue } from '../../client.ts'
import { bytes, count, millis } from '../../model/format.ts'
import { passedSteps, stepWords } from '../../model/state/words.ts'
import { Icon } from '../icon.tsx'
import { Copy } from './copy.tsx'

export interface ProofChainProps {
  readonly answer: StateValue<unknown>
  /** What the chain starts from, for instance `Value, 240 B`. */
  readonly start: string
}

/** The chain of proofs, from the value down to the header that vouches for it. */
export function ProofChain({ answer, start }: ProofChainProps) {
  const { steps, tree, verified } = answer
  return (
    <div class="proof" data-testid="proof-steps" data-steps={passedSteps(steps)}>
      <h3 id="proof-title">Chain of proofs</h3>
      <p class="proof-sum">
        {answer.proofSize > 0 ? `Proofs of ${bytes(answer.proofSize)}, read` : 'Read'} and checked here in{' '}
        {millis(answer.millis)}
      </p>
      <ol class="chain" aria-labelledby="proof-title">
        <li class="link link-end">
          <span class="link-dot" aria-hidden="true" />
          <div class="link-text">
            <strong>{start}</strong>
          </div>
        </li>
        {steps.map((step) => (
          <Step key={step.name} step={step} tree={tree} />
        ))}
        <li class={`link link-end ${verified === 'full' ? 'link-good' : ''}`}>
          <span class="link-dot" aria-hidden="true" />
          <div class="link-text">
            <strong>Frame {count(answer.frame)}</strong>
            <span class="link-meaning">{headerWords(verified)}</span>
          </div>
        </li>
      </ol>
    </div>
  )
}

function headerWords(verified: StateValue<unknown>['verified']): string {
  if (verified === 'full') return 'Its certificate and its time proof were verified here.'
  if (verified === 'certificate') return 'Its certificate was verified here; the time proof is still to come.'
  return 'The chain does not reach it.'
}

function Step({ step, tree }: { readonly step: ProofStep; readonly tree: number | null }) {
  const words = stepWords(step.name, tree)
  return (
    <li class={`link ${step.ok ? 'link-good' : 'link-bad'}`} data-step={step.name} data-ok={step.ok}>
      <Icon name={step.ok ? 'good' : 'bad'} ringed />
      <div class="link-text">
        <span class="check-title">
          {words.title}
          <span class="link-word">{step.ok ? ' passed' : ' refused'}</span>
        </span>
        {step.ok ? (
          <span class="link-meaning">{words.meaning}</span>
        ) : (
          <span class="check-reason">{step.reason ?? 'No reason was given.'}</span>
        )}
      </div>
      <span class="link-side">
        <span>{step.millis === null ? '' : millis(step.millis)}</span>
        <span class="link-section">Spec {step.section}</span>
      </span>
      <span class="link-to">
        <span>{words.to}</span>
        <Copy text={step.to} about={words.to.toLowerCase()} />
      </span>
    </li>
  )
}
