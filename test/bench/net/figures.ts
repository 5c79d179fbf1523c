/** Figures of the wire: each end is a process of its own, on loopback. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Figure, figureOf } from '../figure.ts'
import type { Listening, NetReport, NetResults, NetTask } from './child.ts'
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
async function gossip(peer: Listening, hearer: ChildProcess) {
  const sent = await run({ task: 'gossip', peer })
  const heard = await ask(hearer, { task: 'heard' })
  const messages = sent.rates.length * sent.perRound
  if (heard.messages < messages) throw new Error(`${heard.messages} of ${messages} messages were delivered`)
  return { rates: sent.rates, cpuMicros: [sent.cpuMicros, Math.round((heard.cpuMillis * 1000) / messages)] as const }
}

/** Growth of the memory of the holder while there are connections, for each of them, in kilobytes. */
async function idle(peer: Listening, holder: ChildProcess): Promise<number> {
  const before = await ask(holder, { task: 'memory' })
  const { child } = await start({ task: 'connect', peer, count: 500 })
  try {
    const after = await ask(holder, { task: 'memory' })
    if (after.connections < 500) throw new Error(`${after.connections} of 500 connections are open`)
    return (after.bytes - before.bytes) / 1e3 / after.connections
  } finally {
    await end(child)
  }
}

/** Measures against a process that listens. */
async function against<T>(
  task: 'listen' | 'hear' | 'hold',
  measure: (peer: Listening, child: ChildProcess) => Promise<T>,
): Promise<T> {
  const { child, result } = await start({ task })
  try {
    return await measure(result, child)
  } finally {
    await end(child)
  }
}

const script = fileURLToPath(new URL('./child.ts', import.meta.url))

/** A process that has done its task and is still there. Rejects with what went wrong in it. */
async function start<T extends NetTask>(task: T): Promise<{ child: ChildProcess; result: NetResults[T['task']] }> {
  const child = fork(script, {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--expose-gc'],
  })
  try {
    return { child, result: await ask(child, task) }
  } catch (error) {
    await end(child)
    throw error
  }
}

async function ask<T extends NetTask>(child: ChildProcess, task: T): Promise<NetResults[T['task']]> {
  const { promise, resolve, reject } = Promise.withResolvers<NetReport>()
  const gone = (code: number | null) => reject(new Error(`the process of ${task.task} ended with ${code}`))
  child.once('exit', gone)
  child.once('message', resolve as (message: unknown) => void)
  child.send(task)
  const report = await promise.finally(() => child.off('exit', gone))
  if ('failed' in report) throw new Error(`${task.task}: ${report.failed}`)
  return report.result as NetResults[T['task']]
}

async function run<T extends NetTask>(task: T): Promise<NetResults[T['task']]> {
  const { child, result } = await start(task)
  await end(child)
  return result
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.disconnect()
  await gone
}
