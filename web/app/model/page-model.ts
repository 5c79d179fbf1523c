/** What the page shows, as signals fed by one client. Nothing here decides whether a frame is good: the client did. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Client, ClientState, Evidence, FieldRange, Head, NetworkAlert, Work } from '../client.ts'
import { createAlertModel } from './alerts.ts'
import { type FrameRow, isTakenBack, ROWS, rowOfHead, rowOfRefusal, withRow } from './frames.ts'

/** Seconds between two looks at what was counted. */
const REFRESH_TICKS = 2

/** Where the anchors came from: the page says it, always. */
export type TrustSource = 'origin' | 'pasted'

export interface PageParts {
  readonly client: Client
  /** Where the fields of a header lie in its bytes, for the tamper panel. */
  readonly locateFields: (header: Uint8Array) => readonly FieldRange[]
  readonly trust: TrustSource
}

export interface PageModel extends PageParts {
  readonly state: ReadonlySignal<ClientState>
  readonly head: ReadonlySignal<Head | null>
  readonly rows: ReadonlySignal<readonly FrameRow[]>
  readonly work: ReadonlySignal<Work | null>
  readonly evidence: ReadonlySignal<Evidence | null>
  /** Messages of the network's operators, newest first. */
  readonly alerts: ReadonlySignal<readonly NetworkAlert[]>
  dismissAlert(digest: string): void
  /** The clock of all ages on the page: one tick a second. */
  readonly now: ReadonlySignal<number>
  /** Stops listening; the client itself goes on. */
  close(): void
}

export function createPageModel(parts: PageParts): PageModel {
  const { client } = parts
  const state = signal(client.state)
  const head = signal<Head | null>(null)
  const rows = signal<readonly FrameRow[]>([])
  const work = signal<Work | null>(null)
  const evidence = signal<Evidence | null>(null)
  const alerts = createAlertModel(client)
  const now = signal(Date.now())

  const show = (next: Head): void => {
    rows.value = withRow(rows.value, rowOfHead(next))
    if (head.value === null || next.frame >= head.value.frame) head.value = next
  }
  /** Rows of frames below the newest: they come in bursts, and are shown together. */
  let earlier: readonly FrameRow[] = []
  const showEarlier = (): void => {
    if (earlier.length === 0) return
    rows.value = earlier.reduce(withRow, rows.value)
    earlier = []
  }
  /** A certified frame whose time proof turned out to be false: the client holds it no more, and neither does the page. */
  const takeBack = async (row: FrameRow): Promise<void> => {
    const held = await client.recent(ROWS)
    if (held.some(({ frame }) => frame === row.number)) return
    rows.value = withRow(
      rows.value.filter(({ number }) => number !== row.number),
      row,
    )
    if (head.value?.frame === row.number) head.value = held[0] ?? null
  }
  const off = [
    client.on('state', (next) => {
      state.value = next
    }),
    client.on('head', show),
    client.on('frame', (frame) => {
      earlier = withRow(earlier, rowOfHead(frame))
    }),
    client.on('refusal', (refusal) => {
      const row = rowOfRefusal(refusal)
      if (row === null) return
      showEarlier()
      if (isTakenBack(rows.value, row)) void takeBack(row).catch(() => undefined)
      else rows.value = withRow(rows.value, row)
    }),
    client.on('evidence', (next) => {
      evidence.value = next
    }),
  ]
  const refresh = async (): Promise<void> => {
    work.value = await client.work()
  }
  let ticks = 0
  const tick = setInterval(() => {
    now.value = Date.now()
    showEarlier()
    if (document.hidden || ticks++ % REFRESH_TICKS !== 0) return
    // Answered from the client's own memory; a client that is stopping rejects, and then the last values stay.
    void refresh().catch(() => undefined)
  }, 1000)

  return {
    ...parts,
    state,
    head,
    rows,
    work,
    evidence,
    alerts: alerts.alerts,
    dismissAlert: alerts.dismiss,
    now,
    close() {
      alerts.close()
      clearInterval(tick)
      for (const stop of off) stop()
    },
  }
}
