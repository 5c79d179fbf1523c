import { constants } from 'node:os'
import { resolve } from 'node:path'
import { type ArgsDef, defineCommand } from 'citty'
import { messageOf, NodeError } from '../errors.ts'
import type { RunningNode } from '../index.ts'
import { STANDARD_PORTS } from '../net/ports.ts'
import { DEFAULTS, type NodeOptions, resolveOptions } from '../options.ts'
import { checkArguments, numberOption, repeatedOption, UsageError } from './arguments.ts'
import { humanOutput, jsonOutput } from './output.ts'
import { stopSignal } from './stop-signal.ts'

const args = {
  network: {
    type: 'string',
    valueHint: 'local',
    description: 'Network to serve: local makes its own frames (default)',
  },
  replay: { type: 'string', valueHint: 'file', description: 'Serve recorded frames instead of a network' },
  'replay-interval': {
    type: 'string',
    valueHint: 'millis',
    description: 'Announce recorded frames one by one (default: all at once)',
  },
  host: { type: 'string', valueHint: 'address', description: `IP address to listen on (default ${DEFAULTS.host})` },
  port: {
    type: 'string',
    valueHint: 'number',
    description: `Port of the page, 0 = any free one (default ${DEFAULTS.port}, or a free one for --join)`,
  },
  join: {
    type: 'string',
    valueHint: 'address',
    description:
      'Follow the network of a node instead of making one: its multiaddr with /p2p/, or the http address of its page. Several: again, or with commas',
  },
  genesis: {
    type: 'string',
    valueHint: 'hex',
    description: 'Join this network only (default: the first one met is trusted and kept in the data directory)',
  },
  'data-dir': {
    type: 'string',
    valueHint: 'directory',
    description:
      'Keys and frames (default .petal/local in the project, .petal/joined-.. for --join, none for a replay)',
  },
  keys: {
    type: 'string',
    valueHint: 'directory',
    description: 'Use identity and prover key of another node (config.yml, keys.yml); nothing is written there',
  },
  'frame-interval': {
    type: 'string',
    valueHint: 'seconds',
    description: `Time between frames (default ${DEFAULTS.frameIntervalMillis / 1000})`,
  },
  'peer-rpc-port': {
    type: 'string',
    valueHint: 'number',
    description: `Port of gRPC for other nodes (default: that of the last run, else ${STANDARD_PORTS['peer-rpc']}, else any free one)`,
  },
  'local-rpc-port': {
    type: 'string',
    valueHint: 'number',
    description: 'Port of gRPC for programs on this machine, on loopback (default: none)',
  },
  blacklist: { type: 'string', valueHint: 'ids', description: 'Peer ids that are refused, with commas' },
  upnp: { type: 'boolean', description: 'Ask the router to forward ports' },
  'alert-key': {
    type: 'string',
    valueHint: 'hex',
    description: 'Key whose alerts halt a node that makes frames (default: that of the network)',
  },
  'override-alert': { type: 'boolean', description: 'Go on after an alert' },
  json: {
    type: 'boolean',
    description: 'One JSON object a line; the first is {"event":"ready",..}, or {"event":"joining",..} with --join',
  },
} as const satisfies ArgsDef

export const start = defineCommand({
  meta: {
    name: 'start',
    description:
      'Starts the node. Its keys are encrypted under PETAL_PASSPHRASE, else under a passphrase in a file beside them',
  },
  args,
  async run({ rawArgs, args: values }) {
    checkArguments(rawArgs, args)
    const options = checked({ ...readOptions(values), ...joinOptions(rawArgs) })
    const output = values.json ? jsonOutput(process.stdout) : humanOutput(process.stdout, process.env)
    // A reader that goes away (`| head`) is no reason to die in the middle of a write.
    process.stdout.on('error', () => undefined)
    const stopped = stopSignal()
    const stopping = new AbortController()
    stopped.then((signal) => stopping.abort(new Error(signal)))
    let node: RunningNode | undefined
    try {
      // What takes long to load is loaded when the command line is known to be right.
      const { startNode } = await import('../index.ts')
      node = await startNode({ ...options, onEvent: output.event, signal: stopping.signal })
      output.ready(node)
      process.exitCode = 128 + constants.signals[await stopped]
      await node.stop()
      output.stopped()
    } catch (error) {
      if (!(error instanceof NodeError)) throw error
      if (error.code === 'stopped') {
        process.exitCode = 128 + constants.signals[await stopped]
        output.stopped()
      } else {
        output.failed(error)
        process.exitCode = 1
      }
    }
    // Nothing of ours is open any more; libraries may still hold a timer or a socket.
    process.exit()
  },
})

type Values = { readonly [name in keyof typeof args]?: string | boolean | undefined }

function readOptions(values: Values): NodeOptions {
  const text = (name: keyof typeof args) => {
    const value = values[name]
    if (value === '') throw new UsageError(`--${name} needs a value`)
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: keyof typeof args, scale = 1) => {
    const value = text(name)
    return value === undefined ? undefined : numberOption(name, value) * scale
  }
  const path = (name: keyof typeof args) => {
    const value = text(name)
    return value === undefined ? undefined : resolve(value)
  }
  const network = text('network')
  if (network !== undefined && network !== 'local') {
    throw new UsageError(`unknown network ${network}: this version serves local, or a recording by --replay`)
  }
  if (network !== undefined && values.replay !== undefined)
    throw new UsageError('--network and --replay exclude each other')
  const host = text('host')
  return present({
    host: host === 'localhost' ? DEFAULTS.host : host,
    port: number('port'),
    dataDirectory: path('data-dir'),
    frameIntervalMillis: number('frame-interval', 1000),
    nodeDirectory: path('keys'),
    genesis: text('genesis'),
    replay: path('replay'),
    replayIntervalMillis: number('replay-interval'),
    peerRpcPort: number('peer-rpc-port'),
    localRpcPort: number('local-rpc-port'),
    blacklist: text('blacklist')
      ?.split(',')
      .map((id) => id.trim()),
    standardPorts: true,
    upnp: values.upnp === true ? true : undefined,
    alertKey: text('alert-key'),
    overrideAlert: values['override-alert'] === true ? true : undefined,
    passphrase: process.env.PETAL_PASSPHRASE,
  })
}

/** `--join` may be given several times. */
function joinOptions(rawArgs: readonly string[]): Pick<NodeOptions, 'join'> {
  const given = repeatedOption(rawArgs, 'join').flatMap((value) => value.split(','))
  if (given.some((address) => address.trim() === '')) throw new UsageError('--join needs a value')
  return given.length === 0 ? {} : { join: given.map((address) => address.trim()) }
}

/** Throws `UsageError` for options that have no meaning. */
function checked(options: NodeOptions): NodeOptions {
  try {
    resolveOptions(options)
    return options
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

/** Without the properties that are undefined. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
