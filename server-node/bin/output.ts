/** What `petal-node start` prints: calm lines for people, or one JSON object a line for programs. */
import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import type { NodeError } from '../errors.ts'
import type { NodeEvent, RunningNode } from '../index.ts'
import { wantsColour } from './colour.ts'

export interface Output {
  ready(node: RunningNode): void
  event(event: NodeEvent): void
  failed(error: NodeError): void
  stopped(): void
}

/** The first line is `ready` (or `error`); what happened before it follows it. */
export function jsonOutput(stream: Writable): Output {
  let early: NodeEvent[] | undefined = []
  const print = (value: object) => void stream.write(`${JSON.stringify(value)}\n`)
  return {
    ready(node) {
      print({
        event: 'ready',
        url: node.url,
        addresses: node.addresses(),
        network: node.source.network,
        head: node.source.head().number.toString(),
      })
      for (const event of early ?? []) print(event)
      early = undefined
    },
    event: (event) => (early === undefined ? print(event) : void early.push(event)),
    failed: ({ code, message }) => print({ event: 'error', code, message }),
    stopped: () => print({ event: 'stopped' }),
  }
}

/** Colours only on a terminal that wants them (`NO_COLOR`). */
export function humanOutput(stream: Writable & { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Output {
  const coloured = wantsColour(stream, env)
  const style = (format: 'bold' | 'dim' | 'red' | 'yellow', text: string) =>
    coloured ? styleText(format, text, { validateStream: false }) : text
  const print = (text: string) => void stream.write(`${text}\n`)
  return {
    ready(node) {
      const { source } = node
      print(`${style('bold', 'Petal')} serves network ${source.network}, frame ${source.head().number}`)
      print(`  page   ${style('bold', node.url)}`)
      for (const address of node.addresses()) print(style('dim', `  peer   ${address}`))
      print(style('dim', '  Ctrl-C stops.'))
    },
    event(event) {
      switch (event.event) {
        case 'frame':
          return print(frameLine(event, style))
        case 'notice':
          return print(`${style('yellow', 'note')}   ${event.message}`)
        case 'disk':
          return print(`${style('yellow', 'disk')}   ${event.message}`)
        case 'failure': {
          const next = event.final ? 'no more frames are made; the ones there are still served' : 'trying again'
          return print(`${style('red', 'failed')} ${event.message}; ${next}`)
        }
      }
    },
    failed: ({ message }) => print(`${style('red', 'petal-node')}: ${message}`),
    stopped: () => print('stopped'),
  }
}

function frameLine(
  { number, identity, signers, solveMillis }: Extract<NodeEvent, { event: 'frame' }>,
  style: (format: 'bold' | 'dim', text: string) => string,
): string {
  const parts = [`frame ${style('bold', number)}`, style('dim', `${identity.slice(0, 12)}…`)]
  if (signers !== null) parts.push(`signers ${signers.join(' ')}`)
  if (solveMillis !== null) parts.push(`solved in ${(solveMillis / 1000).toFixed(2)} s`)
  return parts.join('  ')
}
