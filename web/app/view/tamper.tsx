import { useMemo, useState } from 'preact/hooks'
import type { FieldRange, Head, Verdict } from '../client.ts'
import { count } from '../model/format.ts'
import type { PageModel } from '../model/page-model.ts'
import { type Damage, damage, signersOf } from '../model/tamper.ts'
import { fieldWords } from '../model/words.ts'
import { Panel } from './panel.tsx'
import { VerdictCard } from './verdict.tsx'

type Kind = Damage['kind']

const KINDS: readonly { readonly kind: Kind; readonly label: string }[] = [
  { kind: 'field', label: 'A field' },
  { kind: 'signer', label: 'A signer' },
  { kind: 'byte', label: 'A byte' },
]

/** Members that a signer list is offered for, at least as many as sign in small networks. */
const SIGNERS_SHOWN = 32

/** One damages a copy of the newest frame and sees which check refuses it. */
export function TamperPanel({ model }: { readonly model: PageModel }) {
  const newest = model.head.value
  const [kept, keep] = useState<Head | null>(null)
  // The frame under the knife stays the same while one plays, although newer ones arrive.
  const head = kept ?? newest
  return (
    <Panel
      id="tamper"
      title="Try to fool it"
      lead="Change one thing in a copy of the newest frame. This tab verifies the copy like any other and says which check refuses it, and why."
    >
      {head === null ? (
        <p class="empty">There is no frame to damage yet.</p>
      ) : (
        <>
          <TamperForm key={String(head.frame)} model={model} head={head} keep={() => keep(head)} />
          {newest !== null && newest.frame > head.frame && (
            <button type="button" class="quiet" onClick={() => keep(null)}>
              Take the newest frame, {count(newest.frame)}
            </button>
          )}
        </>
      )}
    </Panel>
  )
}

function TamperForm({ model, head, keep }: { model: PageModel; head: Head; keep: () => void }) {
  const header = head.value.bytes
  const fields = useMemo(() => choices(model.locateFields(header)), [header])
  const bitmask = fields.find((field) => field.kind === 'bitmask')
  const [kind, setKind] = useState<Kind>(fields.length > 0 ? 'field' : 'byte')
  const [field, setField] = useState(0)
  const [signer, setSigner] = useState(0)
  const [offset, setOffset] = useState(header.length >> 1)
  const [busy, setBusy] = useState(false)
  const [result, setResult] = useState<{ deed: string; verdict: Verdict } | null>(null)
  const [problem, setProblem] = useState<string | null>(null)

  const wish = (): Damage | undefined => {
    const chosen = fields[field]
    if (kind === 'byte') return { kind, offset }
    if (kind === 'signer') return bitmask && { kind, bitmask, signer }
    return chosen && { kind, field: chosen }
  }
  const run = async (event: Event): Promise<void> => {
    event.preventDefault()
    keep()
    const asked = wish()
    const damaged = asked && damage(header, asked)
    setResult(null)
    setProblem(damaged === undefined ? 'This frame has no such part.' : null)
    if (damaged === undefined) return
    setBusy(true)
    try {
      setResult({ deed: damaged.deed, verdict: await model.client.verify(damaged.bytes) })
    } catch (error) {
      setProblem(error instanceof Error ? error.message : 'The verification did not finish.')
    } finally {
      setBusy(false)
    }
  }

  return (
    <form class="tamper" onSubmit={run}>
      <fieldset class="pills">
        <legend>Change in frame {count(head.frame)}</legend>
        {KINDS.map((choice) => (
          <label key={choice.kind} class="pill">
            <input
              type="radio"
              name="tamper-kind"
              value={choice.kind}
              checked={kind === choice.kind}
              disabled={choice.kind !== 'byte' && fields.length === 0}
              onChange={() => setKind(choice.kind)}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </fieldset>
      {kind === 'field' && (
        <label class="control">
          <span>Field</span>
          <select value={field} onChange={(event) => setField(Number(event.currentTarget.value))}>
            {fields.map((choice, index) => (
              <option key={`${choice.name}-${choice.index}`} value={index}>
                {fieldWords(choice.name)}
                {choice.index === null ? '' : ` ${choice.index}`}
              </option>
            ))}
          </select>
        </label>
      )}
      {kind === 'signer' && bitmask !== undefined && (
        <label class="control">
          <span>Member of the committee</span>
          <select value={signer} onChange={(event) => setSigner(Number(event.currentTarget.value))}>
            {signersOf(header, bitmask)
              .slice(0, SIGNERS_SHOWN)
              .map((signed, index) => (
                <option key={`${index}-${signed}`} value={index}>
                  {`${index}: ${signed ? 'signed, take away' : 'did not sign, add'}`}
                </option>
              ))}
          </select>
        </label>
      )}
      {kind === 'byte' && (
        <label class="control">
          <span>{`Byte, 0 to ${header.length - 1}`}</span>
          <input
            type="number"
            min={0}
            max={header.length - 1}
            step={1}
            required
            value={offset}
            onInput={(event) => setOffset(Number(event.currentTarget.value))}
          />
        </label>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {busy ? 'Verifying the copy' : 'Change it and verify'}
      </button>
      <div class="tamper-result" role="status" aria-busy={busy}>
        {problem !== null && <p class="problem">{problem}</p>}
        {result !== null && <VerdictCard about={result.deed} verdict={result.verdict} />}
      </div>
    </form>
  )
}

/** Every field once; of the many commitments the first and the last. */
function choices(fields: readonly FieldRange[]): readonly FieldRange[] {
  const last = Math.max(...fields.map((field) => field.index ?? 0))
  return fields.filter(
    (field) => field.length > 0 && (field.index === null || field.index === 0 || field.index === last),
  )
}
