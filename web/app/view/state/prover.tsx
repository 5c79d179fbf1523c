import type { ProverValue } from '../../client.ts'
import { brief, bytes, count } from '../../model/format.ts'
import { frameFieldWords, quil, statusWords } from '../../model/state/words.ts'
import { Copy } from './copy.tsx'

/** One prover: its record, its allocations and its reward. */
export function ProverBody({ prover }: { readonly prover: ProverValue }) {
  return (
    <>
      <dl class="fields">
        <Line name="Address">
          <Copy text={prover.address} about="address of the prover" />
        </Line>
        <Line name="Public key">
          <Copy text={prover.publicKey} about="public key of the prover" />
        </Line>
        <Line name="Status">{statusWords(prover.status)}</Line>
        <Line name="Seniority">
          <span class="field-number">{count(prover.seniority)}</span>
        </Line>
        <Line name="Storage offered">{storage(prover.availableStorage)}</Line>
        <Line name="Reward">{prover.reward === null ? 'no record' : quil(prover.reward.balance)}</Line>
        {prover.reward !== null && (
          <Line name="Paid to">
            <Copy text={prover.reward.delegate} about="address that is paid" />
          </Line>
        )}
      </dl>
      <Allocations prover={prover} />
    </>
  )
}

function Line({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div class="field">
      <dt>
        <span class="field-name">{name}</span>
      </dt>
      <dd>{children}</dd>
    </div>
  )
}

const storage = (value: bigint): string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? bytes(Number(value)) : `${count(value)} B`

function Allocations({ prover }: { readonly prover: ProverValue }) {
  const { allocations } = prover
  if (allocations.length === 0) return <p class="empty">It has no allocations.</p>
  return (
    <>
      <h3>{allocations.length === 1 ? 'One allocation' : `${allocations.length} allocations`}</h3>
      <ul class="allocations">
        {allocations.map((allocation) => (
          <li key={allocation.filter} class="allocation" data-filter={allocation.filter}>
            <p>
              <strong>{allocation.filter === '' ? 'Global frames' : `Shard ${brief(allocation.filter)}`}</strong>
              <span class="allocation-status">{statusWords(allocation.status)}</span>
            </p>
            <p class="allocation-frames">
              {Object.entries(allocation.frames)
                .map(([name, frame]) => `${frameFieldWords(name)} ${count(frame)}`)
                .join(', ') || 'no frame numbers written'}
            </p>
          </li>
        ))}
      </ul>
    </>
  )
}
