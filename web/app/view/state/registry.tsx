import { useState } from 'preact/hooks'
import type { ProverList, ProverValue, SyncProgress } from '../../client.ts'
import { brief, bytes, count, millis } from '../../model/format.ts'
import type { ExplorerModel } from '../../model/state/explorer.ts'
import { type RegistryModel, type StatusFilter, sortedProvers, statusCounts } from '../../model/state/registry.ts'
import { quil, statusWords } from '../../model/state/words.ts'
import { Icon } from '../icon.tsx'
import { Panel } from '../panel.tsx'
import { AdviceCard } from './lookup.tsx'
import { ProverBody } from './prover.tsx'

/** All provers, pulled whole and compared with the header. */
export function RegistryPanel({ model }: { readonly model: ExplorerModel }) {
  const { registry } = model
  const list = registry.list.value
  return (
    <Panel
      id="registry"
      title="Registry of provers"
      lead="Pulled whole, so that nothing can be left out: its tree is built again here, and its root must be the one in the header."
    >
      <div
        data-testid="registry"
        data-count={list === null ? '' : list.value.length}
        data-verified={list === null ? '' : String(list.verified)}
        data-frame={list === null ? '' : String(list.frame)}
      >
        <Pull registry={registry} />
        {list !== null && <Rebuilt list={list} />}
        {list !== null && <Provers model={model} list={list} />}
      </div>
    </Panel>
  )
}

function Pull({ registry }: { readonly registry: RegistryModel }) {
  const progress = registry.progress.value
  const advice = registry.advice.value
  const again = registry.list.value !== null
  return (
    <div class="pull">
      <button
        type="button"
        class={again ? '' : 'primary'}
        disabled={progress !== null}
        onClick={() => void registry.pull()}
      >
        {progress !== null ? 'Pulling' : again ? 'Pull it again' : 'Pull the registry'}
      </button>
      {progress !== null && <Progress progress={progress} />}
      <div role="status">{advice !== null && <AdviceCard advice={advice} />}</div>
    </div>
  )
}

function Progress({ progress: { leaves, total, bytes: size } }: { readonly progress: SyncProgress }) {
  return (
    <div class="progress" data-testid="sync-progress" data-leaves={leaves}>
      <label for="pull-progress">
        {total === null ? `${count(leaves)} leaves` : `${count(leaves)} of ${count(total)} leaves`}, {bytes(size)}
      </label>
      {total === null || total === 0 ? (
        <progress id="pull-progress" />
      ) : (
        <progress id="pull-progress" max={total} value={leaves} />
      )}
    </div>
  )
}

function Rebuilt({ list }: { readonly list: ProverList }) {
  const tone = list.verified === 'full' ? 'good' : list.verified === 'certificate' ? 'wait' : 'bad'
  const size = list.leaves === 1 ? 'one leaf' : `${count(list.leaves)} leaves`
  return (
    <div class={`rebuilt tone-${tone}`} role="status">
      <Icon name={tone} ringed />
      <div>
        <p>
          <strong>
            {list.verified === false
              ? `Rebuilt here: ${size}, but the root is another than the header’s`
              : `Rebuilt here: ${size}, root equals the header’s`}
          </strong>
        </p>
        <p class="rebuilt-facts">
          Frame {count(list.frame)}, {bytes(list.bytes)} pulled, {millis(list.millis)}
          {list.verified === 'certificate' && '. The time proof of that header is still to come'}
          {list.reason !== null && `. ${list.reason}`}
        </p>
      </div>
    </div>
  )
}

/** Rows that are added at once. */
const PAGE_ROWS = 20

function Provers({ model, list }: { readonly model: ExplorerModel; readonly list: ProverList }) {
  const [status, setStatus] = useState<StatusFilter>('all')
  const [rows, setRows] = useState(PAGE_ROWS)
  const [open, setOpen] = useState<string | null>(null)
  const counts = statusCounts(list.value)
  const provers = sortedProvers(list.value, status)
  if (list.value.length === 0) return <p class="empty">The registry is empty.</p>
  return (
    <>
      <fieldset class="pills provers-filter">
        <legend>Status</legend>
        {(['all', ...counts.keys()] as const).map((choice) => (
          <label key={choice} class="pill">
            <input
              type="radio"
              name="prover-status"
              value={choice}
              checked={status === choice}
              onChange={() => setStatus(choice)}
            />
            <span>
              {choice === 'all' ? `All ${list.value.length}` : `${statusWords(choice)} ${counts.get(choice) ?? 0}`}
            </span>
          </label>
        ))}
      </fieldset>
      <p class="prover-heads" aria-hidden="true">
        <span>Prover</span>
        <span>Status</span>
        <span>Seniority</span>
        <span>Allocations</span>
        <span>Reward</span>
      </p>
      <ol class="provers">
        {provers.slice(0, rows).map((prover) => (
          <ProverLine
            key={prover.address}
            prover={prover}
            open={open === prover.address}
            toggle={() => setOpen(open === prover.address ? null : prover.address)}
            prove={() => {
              void model.lookup.ask({ kind: 'prover', address: prover.address })
              document.getElementById('lookup')?.scrollIntoView({ block: 'start' })
              document.querySelector<HTMLElement>('[name=state-address]')?.focus({ preventScroll: true })
            }}
          />
        ))}
      </ol>
      {provers.length > rows && (
        <button type="button" onClick={() => setRows(rows + PAGE_ROWS)}>
          Show {Math.min(PAGE_ROWS, provers.length - rows)} more of {count(provers.length)}
        </button>
      )}
    </>
  )
}

interface ProverLineProps {
  readonly prover: ProverValue
  readonly open: boolean
  readonly toggle: () => void
  readonly prove: () => void
}

function ProverLine({ prover, open, toggle, prove }: ProverLineProps) {
  const panel = `prover-${prover.address}`
  return (
    <li class="prover" data-prover={prover.address} data-status={prover.status}>
      <button type="button" class="prover-line" aria-expanded={open} aria-controls={panel} onClick={toggle}>
        <span class="mono">{brief(prover.address)}</span>
        <span>{statusWords(prover.status)}</span>
        <span class="prover-number">
          <span class="visually-hidden">seniority </span>
          {count(prover.seniority)}
        </span>
        <span class="prover-number">
          {prover.allocations.length}
          <span class="prover-unit"> allocation{prover.allocations.length === 1 ? '' : 's'}</span>
        </span>
        <span class={`prover-number ${prover.reward === null ? 'prover-unrewarded' : 'prover-reward'}`}>
          <span class="visually-hidden">reward </span>
          {prover.reward === null ? '–' : quil(prover.reward.balance)}
        </span>
      </button>
      <div id={panel} class="prover-detail" hidden={!open}>
        {open && (
          <>
            <ProverBody prover={prover} />
            <button type="button" class="small" onClick={prove}>
              Look it up alone, with its own proof
            </button>
          </>
        )}
      </div>
    </li>
  )
}
