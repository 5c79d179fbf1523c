/** Signatures are verified one in a turn of the worker, so that a flood of messages does not keep it from everything else. */
import type { SignatureVerifier } from '@petal/p2p/gossip/index.ts'

type Job = () => void

/** The same verifier, one call in a task of its own. How many wait is bounded by the router. */
export function inTurns(
  verify: SignatureVerifier,
  refused: () => void,
): { readonly verify: SignatureVerifier; stop(): void } {
  const jobs: Job[] = []
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => jobs.shift()?.()
  return {
    verify: (key, payload, signature) =>
      new Promise<boolean>((resolve) => {
        jobs.push(() => {
          const verdict = Promise.resolve(verify(key, payload, signature)).catch(() => false)
          void verdict.then((valid) => {
            if (!valid) refused()
            resolve(valid)
          })
        })
        port2.postMessage(null)
      }),
    stop: () => {
      port1.close()
      port2.close()
    },
  }
}
