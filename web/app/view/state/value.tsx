import { brief, bytes, count } from '../../model/format.ts'
import { type Asked, textOf } from '../../model/state/addresses.ts'
import type { Answer, LookupModel } from '../../model/state/lookup.ts'
import { valueWords } from '../../model/state/words.ts'
import { Icon } from '../icon.tsx'
import { Copy } from './copy.tsx'
import { HyperedgeBody, ShardBody, VertexBody } from './fields.tsx'
import { ProofChain } from './proof-chain.tsx'
import { ProverBody } from './prover.tsx'

export interface ValueCardProps {
  readonly lookup: LookupModel
  readonly asked: Asked
  readonly answer: Answer
}

/** What was found under an address, and the chain of proofs below it. */
export function ValueCard({ lookup, asked, answer }: ValueCardProps) {
  const { value } = answer
  const words = valueWords(value)
  return (
    <article
      class={`value tone-${words.tone}`}
      aria-labelledby="value-title"
      data-testid="state-value"
      data-kind={answer.kind}
      data-absent={value.value === null && value.verified === false}
      data-verified={String(value.verified)}
      data-frame={String(value.frame)}
    >
      <header class="value-head">
        <p class="value-verdict">
          <Icon name={words.tone} ringed />
          <strong>{words.title}</strong>
        </p>
        <h3 id="value-title">{titleOf(answer)}</h3>
        {words.reason !== null && <p class="value-reason">{words.reason}</p>}
      </header>
      <dl class="facts">
        <div>
          <dt>Address</dt>
          <dd class="value-fact">
            <Copy text={textOf(asked)} about="the address" label={addressWords(asked)} />
          </dd>
        </div>
        <div>
          <dt>At frame</dt>
          <dd class="value-fact field-number">{count(value.frame)}</dd>
        </div>
        <div>
          <dt>Size of the proofs</dt>
          <dd class="value-fact">{value.proofSize === 0 ? 'none' : bytes(value.proofSize)}</dd>
        </div>
      </dl>
      {answer.kind === 'vertex' && <FollowSwitch lookup={lookup} />}
      <div class="value-columns">
        <div class="value-body">
          <Body lookup={lookup} answer={answer} />
        </div>
        {value.steps.length > 0 && <ProofChain answer={value} start={startOf(answer)} />}
      </div>
      <p class="value-from">
        Delivered by <span class="mono">{value.from}</span>, whose word counts for nothing.
      </p>
    </article>
  )
}

function Body({ lookup, answer }: { readonly lookup: LookupModel; readonly answer: Answer }) {
  if (answer.value.value === null) return null
  switch (answer.kind) {
    case 'vertex':
      return <VertexBody vertex={answer.value.value} changed={lookup.following.value?.fields ?? NONE} />
    case 'hyperedge':
      return <HyperedgeBody edge={answer.value.value} ask={(asked) => void lookup.ask(asked)} />
    case 'prover':
      return <ProverBody prover={answer.value.value} />
    case 'shard':
      return <ShardBody shard={answer.value.value} />
  }
}

const NONE: ReadonlySet<string> = new Set()

function titleOf(answer: Answer): string {
  switch (answer.kind) {
    case 'vertex':
      return answer.value.value?.className ?? 'Vertex'
    case 'hyperedge':
      return 'Hyperedge'
    case 'prover':
      return 'Prover'
    case 'shard':
      return 'Application'
  }
}

function startOf(answer: Answer): string {
  switch (answer.kind) {
    case 'vertex':
    case 'hyperedge':
      return answer.value.value === null ? 'Value' : `Value, ${bytes(answer.value.value.bytes.length)}`
    case 'prover':
      return 'Record of the prover'
    case 'shard':
      return 'Roots of its four sets'
  }
}

function addressWords(asked: Asked): string {
  if (asked.kind === 'prover') return brief(asked.address)
  return asked.kind === 'shard' ? brief(asked.domain) : `${brief(asked.domain)} / ${brief(asked.address)}`
}

/** Reads the vertex again at each new head, and marks what changed. */
function FollowSwitch({ lookup }: { readonly lookup: LookupModel }) {
  const following = lookup.following.value
  return (
    <div class="follow" data-testid="state-follow" data-changes={following?.changes ?? ''}>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={following !== null}
          aria-checked={following !== null}
          onChange={(event) => lookup.follow(event.currentTarget.checked)}
        />
        <span>Follow it from frame to frame</span>
      </label>
      <p class="said" role="status">
        {following === null ? '' : followWords(following.changes)}
      </p>
      {following?.trouble != null && (
        <p class="problem">
          {following.trouble.title}: {following.trouble.text}
        </p>
      )}
    </div>
  )
}

const followWords = (changes: number): string =>
  changes === 0 ? 'No change since then.' : changes === 1 ? 'One change since then.' : `${changes} changes since then.`
