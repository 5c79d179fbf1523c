import { setTimeout as sleep } from 'node:timers/promises'

const MILLIS = 20_000
const STEP_MILLIS = 20

/** The first answer that is not undefined, or false. Rejects after 20 s, or at once with what `ask` throws. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + MILLIS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    if (performance.now() > end) throw new Error(`waited ${MILLIS / 1000} s in vain until ${what}`)
    await sleep(STEP_MILLIS)
  }
}
