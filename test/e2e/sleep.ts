/**
 * A device that sleeps, as its tabs see it: when they go on, the clock is further by the time it slept, and every timer that was due meanwhile fires.
 * The prelude does this to one page and its workers when it is told to (`serveBuiltPage`'s option; it runs before each script).
 */
import type { Page } from '@playwright/test'

const CHANNEL = 'petal-sleep'

/** Runs in the page and in every worker, once in each. */
function install(channel: string): void {
  const scope = globalThis as typeof globalThis & { petalSlept?: boolean }
  if (scope.petalSlept) return
  scope.petalSlept = true
  let slept = 0
  const realNow = Date.now
  const realSet = setTimeout
  const realClear = clearTimeout
  Date.now = () => realNow() + slept
  const waiting = new Map<unknown, { readonly due: number; readonly fire: () => void }>()
  const set = (callback: unknown, millis = 0, ...args: unknown[]): unknown => {
    if (typeof callback !== 'function') return realSet(() => undefined)
    const fire = (): void => {
      waiting.delete(id)
      realClear(id)
      callback(...args)
    }
    const id = realSet(fire, millis)
    waiting.set(id, { due: Date.now() + millis, fire })
    return id
  }
  const clear = (id: unknown): void => {
    waiting.delete(id)
    realClear(id as number)
  }
  Object.assign(scope, { setTimeout: set, clearTimeout: clear })
  new BroadcastChannel(channel).onmessage = ({ data }: MessageEvent<number>) => {
    slept += data
    const due = [...waiting.values()].filter((timer) => timer.due <= Date.now()).sort((a, b) => a.due - b.due)
    for (const timer of due) timer.fire()
  }
}

export const SLEEP_PRELUDE = `;(${install.toString()})(${JSON.stringify(CHANNEL)});`

/** The device wakes up after so long. */
export async function wakeAfter(page: Page, millis: number): Promise<void> {
  await page.evaluate(
    ([channel, slept]) => {
      new BroadcastChannel(channel).postMessage(slept)
    },
    [CHANNEL, millis] as const,
  )
}
