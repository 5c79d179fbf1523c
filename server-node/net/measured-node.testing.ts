/** A node in a process of its own, whose memory a test can ask for: every transport, the light protocol, gossip, and gRPC for other nodes. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Ready {
  readonly addresses: readonly string[]
  /** gRPC. */
  readonly port: number
  /** SHA-256 of the WebTransport certificate. */
  readonly certificate: readonly number[]
}

export interface MeasuredNode extends Ready, AsyncDisposable {
  /** Resident bytes after a collection of garbage. */
  memory(): Promise<number>
}

export async function startMeasuredNode(): Promise<MeasuredNode> {
  const child = fork(fileURLToPath(new URL('measured-node-child.testing.ts', import.meta.url)), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const died = exited.then(([code, signal]) => {
    throw new Error(`the measured node ended: ${code ?? signal}`)
  })
  died.catch(() => undefined)
  const next = async () => (await Promise.race([once(child, 'message'), died]))[0]
  const ready: Ready = await next()
  return {
    ...ready,
    memory: async () => {
      const answer = next()
      child.send('memory')
      return answer
    },
    [Symbol.asyncDispose]: async () => {
      child.disconnect()
      await exited
    },
  }
}
