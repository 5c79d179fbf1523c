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

/** The first line is `ready`, `error`, or `joining` for a node that joins; what happened before it follows it. */
export function jsonOutput(stream: Writable): Output {
  let early: NodeEvent[] | undefined = []
  const print = (value: object) => void stream.write(`${JSON.stringify(value)}\n`)
  const flush = () => {
    for (const event of early ?? []) print(event)
    early = undefined
  }
  return {
    ready(node) {
      print({
        event: 'ready',
        url: node.url,
        addresses: node.addresses(),
        network: node.source.network,
        peerRpcPort: node.peerRpcPort,
        localRpcPort: node.localRpcPort,
        head: node.source.head().number.toString(),
        genesis: node.genesis,
        joined: node.joined,
      })
      flush()
    },
    event(event) {
      if (early === undefined) return print(event)
      if (event.event !== 'joining') return void early.push(event)
      // The way to the newest frame may be long: it is told while it is gone.
      print(event)
      flush()
    },
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
      const { number } = source.head()
      const what = node.joined
        ? `joined network ${source.network} at frame ${number}`
        : `serves network ${source.network}, frame ${number}`
      print(`${style('bold', 'Petal')} ${what}`)
      print(style('dim', `  genesis ${node.genesis}`))
      if (node.joined) print(`  peers  ${node.health().connections}`)
      print(`  page   ${style('bold', node.url)}`)
      for (const address of node.addresses()) print(style('dim', `  peer   ${address}`))
      print(style('dim', `  grpc   port ${node.peerRpcPort} for nodes${localPort(node.localRpcPort)}`))
      print(style('dim', '  Ctrl-C stops.'))
    },
    event(event) {
      switch (event.event) {
        case 'frame':
          return print(frameLine(event, style))
        case 'notice':
          return print(`${style('yellow', 'note')}   ${event.message}`)
        case 'joining':
          return print(`joining network ${event.network}, genesis ${event.genesis}${event.first ? '' : ' (known)'}`)
        case 'headers':
          return print(`headers  ${event.verified} of ${event.wanted} verified`)
        case 'state':
          return print(stateLine(event))
        case 'dropped':
          return print(`${style('yellow', 'dropped')} peer ${event.peer}: ${event.reason}`)
        case 'alert': {
          const next = event.halt ? '; no more frames are made until it is started with --override-alert' : ''
          return print(`${style('red', 'alert')}  ${event.message}${next}`)
        }
        case 'disk':
          return print(`${style('yellow', 'disk')}   ${event.message}`)
        case 'failure': {
          const next = event.final ? 'no more frames come; the ones there are still served' : 'trying again'
          return print(`${style('red', 'failed')} ${event.message}; ${next}`)
        }
      }
    },
    failed: ({ message }) => print(`${style('red', 'petal-node')}: ${message}`),
    stopped: () => print('stopped'),
  }
}

function stateLine(event: Extract<NodeEvent, { event: 'state' }>): string {
  const { frame, tree, trees, leaves, total, bytes, leavesPerSecond, remainingMillis } = event
  const parts = [`state    frame ${frame}, tree ${tree} of ${trees}`, `${leaves} of ${total} leaves`]
  parts.push(`${(bytes / 1e6).toFixed(1)} MB`, `${leavesPerSecond} leaves/s`)
  if (remainingMillis !== null && leaves < total) parts.push(`${Math.ceil(remainingMillis / 1000)} s left`)
  return parts.join('  ')
}

const localPort = (port: number | null): string => (port === null ? '' : `, port ${port} for programs on this machine`)

function frameLine(
  { number, identity, signers, solveMillis }: Extract<NodeEvent, { event: 'frame' }>,
  style: (format: 'bold' | 'dim', text: string) => string,
): string {
  const parts = [`frame ${style('bold', number)}`, style('dim', `${identity.slice(0, 12)}…`)]
  if (signers !== null) parts.push(`signers ${signers.join(' ')}`)
  if (solveMillis !== null) parts.push(`solved in ${(solveMillis / 1000).toFixed(2)} s`)
  return parts.join('  ')
}
