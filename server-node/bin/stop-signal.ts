/** Ctrl-C and its like. */
import { constants } from 'node:os'

/** One Ctrl-C may arrive twice: from the terminal and from the program that started us. */
const SAME_SIGNAL_MILLIS = 500

/** The first SIGINT or SIGTERM; a later one ends the process at once. */
export function stopSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  const { promise, resolve } = Promise.withResolvers<'SIGINT' | 'SIGTERM'>()
  let first: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      first ??= performance.now()
      if (performance.now() - first > SAME_SIGNAL_MILLIS) process.exit(128 + constants.signals[signal])
      resolve(signal)
    })
  }
  return promise
}
