import { useState } from 'preact/hooks'
import type { Verdict } from '../client.ts'
import { bytes } from '../model/format.ts'
import type { PageModel } from '../model/page-model.ts'
import { Icon } from './icon.tsx'
import { Panel } from './panel.tsx'
import { VerdictCard } from './verdict.tsx'

/** Largest file that is read at all: exported headers and checkpoints are smaller. */
const MOST_BYTES = 65_536
const MOST_FILES = 20

type Outcome =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'said'; readonly good: boolean; readonly text: string }

interface Result {
  readonly id: number
  readonly name: string
  readonly size: number
  readonly outcome: Outcome
}

let nextId = 0

async function judge(model: PageModel, file: File): Promise<Outcome> {
  if (file.size > MOST_BYTES) {
    return {
      kind: 'said',
      good: false,
      text: `Not read: ${bytes(file.size)} is more than an exported header or checkpoint can have.`,
    }
  }
  try {
    const content = new Uint8Array(await file.arrayBuffer())
    if (!file.name.endsWith('.checkpoint')) return { kind: 'verdict', verdict: await model.client.verify(content) }
    const head = await model.client.import(content)
    const proof =
      head.verified === 'full'
        ? 'certificate and time proof hold'
        : 'its certificate holds, the time proof is still to come'
    return {
      kind: 'said',
      good: true,
      text: `Leads to frame ${head.frame}, identity ${head.value.identity}: ${proof}.`,
    }
  } catch (error) {
    return { kind: 'said', good: false, text: error instanceof Error ? error.message : 'The file could not be used.' }
  }
}

/** Headers and checkpoints that were saved by this page, here or on another device. */
export function VerifyFilePanel({ model }: { readonly model: PageModel }) {
  const [results, setResults] = useState<readonly Result[]>([])
  const [busy, setBusy] = useState(false)
  const [over, setOver] = useState(false)

  const take = async (files: readonly File[]): Promise<void> => {
    setBusy(true)
    const done: Result[] = []
    for (const file of files.slice(0, MOST_FILES)) {
      done.push({ id: nextId++, name: file.name, size: file.size, outcome: await judge(model, file) })
      setResults([...done])
    }
    setBusy(false)
  }

  return (
    <Panel
      id="verify-file"
      title="Verify a file"
      lead="A header or checkpoint exported from this page, on this device or another. It is read here and goes nowhere."
    >
      {/* Dropping is an extra for the pointer; the file input inside does the same from the keyboard. */}
      <label
        class={`drop${over ? ' drop-over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          void take([...(event.dataTransfer?.files ?? [])])
        }}
      >
        <Icon name="file" />
        <span>
          <strong>Choose a file</strong> or drop it here
        </span>
        <input
          type="file"
          multiple
          onChange={(event) => {
            const input = event.currentTarget
            void take([...(input.files ?? [])]).then(() => {
              input.value = ''
            })
          }}
        />
      </label>
      <div class="file-results" role="status" aria-busy={busy}>
        {results.map((result) =>
          result.outcome.kind === 'verdict' ? (
            <VerdictCard
              key={result.id}
              about={`${result.name}, ${bytes(result.size)}`}
              verdict={result.outcome.verdict}
            />
          ) : (
            <div
              key={result.id}
              class={`verdict tone-${result.outcome.good ? 'good' : 'bad'}`}
              data-verdict={result.outcome.good ? 'full' : 'refused'}
            >
              <p class="verdict-title">
                <Icon name={result.outcome.good ? 'good' : 'bad'} ringed />
                <strong>{result.name}</strong>
              </p>
              <p class="verdict-reason">{result.outcome.text}</p>
            </div>
          ),
        )}
      </div>
    </Panel>
  )
}
