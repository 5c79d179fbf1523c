/** Figures of the wire: each end is a process of its own, on loopback. */
import { type Figure, figureOf } from '../figure.ts'
import { TaskProcess } from '../task-process.ts'
import type { Listening, NetResults, NetTask } from './child.ts'
import { PERFORM_SYNC, PERFORM_SYNC_TITLE, performSyncFigure } from './perform-sync.ts'

/** Names for `--only`. */
export const NET_TITLES: Readonly<Record<string, string>> = {
  'noise-handshake': 'dial by TCP with Ed448 keys until the connection is secured and multiplexed (Noise, Yamux)',
  gossip:
    'gossip of 1 KB messages with Ed448 signatures: signed in one process, verified in another, delivered a second',
  'idle-connections': 'memory of a node for each of 500 idle connections of peers that gossip',
  [PERFORM_SYNC]: PERFORM_SYNC_TITLE,
}

/** Measures one of them. */
export async function netFigure(name: string, progress: (step: string) => void): Promise<Figure> {
  progress(name)
  switch (name) {
    case 'noise-handshake': {
      const millis = await against('listen', (peer) => run({ task: 'dial', peer }))
      return figureOf(name, title(name), 'ms', millis, 25, 10)
    }
    case 'gossip': {
      const { rates, cpuMicros } = await against('hear', (peer, hearer) => gossip(peer, hearer))
      const [signer, verifier] = cpuMicros
      const measured = `${title(name)} (CPU of a message: ${signer} µs in the one, ${verifier} µs in the other)`
      return figureOf(name, measured, '/s', rates, 3_000, 10_000)
    }
    case 'idle-connections': {
      const kilobytes = await against('hold', (peer, holder) => idle(peer, holder))
      return figureOf(name, title(name), 'KB', [kilobytes], 300, 120)
    }
    case PERFORM_SYNC:
      return performSyncFigure()
    default:
      throw new Error(`there is no figure named ${name}`)
  }
}

const title = (name: string): string => NET_TITLES[name] ?? name

/** Messages a second in each round, and what one costs each side. */
async function gossip(peer: Listening, hearer: End) {
  const sent = await run({ task: 'gossip', peer })
  const heard = await hearer.ask({ task: 'heard' })
  const messages = sent.rates.length * sent.perRound
  if (heard.messages < messages) throw new Error(`${heard.messages} of ${messages} messages were delivered`)
  return { rates: sent.rates, cpuMicros: [sent.cpuMicros, Math.round((heard.cpuMillis * 1000) / messages)] as const }
}

/** Growth of the memory of the holder while there are connections, for each of them, in kilobytes. */
async function idle(peer: Listening, holder: End): Promise<number> {
  const before = await holder.ask({ task: 'memory' })
  await using peers = end()
  await peers.ask({ task: 'connect', peer, count: 500 })
  const after = await holder.ask({ task: 'memory' })
  if (after.connections < 500) throw new Error(`${after.connections} of 500 connections are open`)
  return (after.bytes - before.bytes) / 1e3 / after.connections
}

/** Measures against a process that listens. */
async function against<T>(
  task: 'listen' | 'hear' | 'hold',
  measure: (peer: Listening, listener: End) => Promise<T>,
): Promise<T> {
  await using listener = end()
  return await measure(await listener.ask({ task }), listener)
}

type End = TaskProcess<NetTask, NetResults>

/** Memory is measured after garbage is collected. */
const end = (): End => new TaskProcess(new URL('./child.ts', import.meta.url), ['--expose-gc'])

async function run<T extends NetTask>(task: T): Promise<NetResults[T['task']]> {
  await using other = end()
  return await other.ask(task)
}
