import { useState } from 'preact/hooks'

export interface Said {
  readonly text: string
  readonly problem: boolean
}

export interface Action {
  readonly busy: boolean
  readonly said: Said
  /** Runs one thing at a time, and says what came of it: what `work` answers, or why it failed. */
  run(work: () => Promise<unknown>): void
}

const NOTHING: Said = { text: '', problem: false }

export function useAction(): Action {
  const [busy, setBusy] = useState(false)
  const [said, say] = useState(NOTHING)
  const run = (work: () => Promise<unknown>): void => {
    if (busy) return
    setBusy(true)
    say(NOTHING)
    work()
      .then(
        (text) => say({ text: typeof text === 'string' ? text : '', problem: false }),
        (error: unknown) => say({ text: error instanceof Error ? error.message : 'That did not work.', problem: true }),
      )
      .finally(() => setBusy(false))
  }
  return { busy, said, run }
}
