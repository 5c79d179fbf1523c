/** `petal-node probe [ADDRESS...]`: whether this machine reaches a network, and what its nodes say. */
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { BootstrapListError } from '@petal/core/discovery/bootstrap.ts'
import { PeerAddressError } from '@petal/core/discovery/peer-address.ts'
import { type ArgsDef, defineCommand } from 'citty'
import { checkArguments, numberOption, repeatedOption, UsageError } from '../bin/arguments.ts'
import { wantsColour } from '../bin/colour.ts'
import { stopSignal } from '../bin/stop-signal.ts'
import { NodeError } from '../errors.ts'
import { ConfigFile, networkNumber } from '../keys/config-file.ts'
import { KeyStoreError } from '../keys/errors.ts'
import { readText } from '../keys/files.ts'
import { networkName } from './network-protocols.ts'
import { printed, stageHead } from './print.ts'
import type { ProbeOptions } from './probe.ts'
import type { StageListener } from './stages.ts'
import {
  archiveTargets,
  bootstrapTargets,
  MOST_TARGETS,
  type PeerTarget,
  peerTarget,
  type RpcTarget,
  rpcTarget,
  TargetError,
} from './targets.ts'

const DEFAULT_SECONDS = 20
const MOST_SECONDS = 600
/** Width of a terminal that does not say its own. */
const USUAL_COLUMNS = 80

const args = {
  'address...': {
    type: 'positional',
    required: false,
    description:
      'Peers: /ip4/HOST/udp/PORT/quic-v1, /tcp/PORT or /tcp/PORT/ws, with /p2p/ID or without. Default: the bootstrap peers of the network',
  },
  network: {
    type: 'string',
    valueHint: 'mainnet',
    description: 'mainnet (default), or the number of another network; the local one has 99',
  },
  config: {
    type: 'string',
    valueHint: 'dir',
    description: 'Directory with a config.yml: its network, bootstrap peers and archives are used; it is only read',
  },
  rpc: {
    type: 'string',
    valueHint: 'where',
    description:
      'Asks a stream port, HOST:PORT or a multiaddr, for its newest frame; archives: those of the network. May be repeated',
  },
  timeout: {
    type: 'string',
    valueHint: 'seconds',
    description: `When everything is over (default ${DEFAULT_SECONDS})`,
  },
  'no-discover': { type: 'boolean', description: 'Asks nobody who else is there' },
  json: { type: 'boolean', description: 'One JSON object instead of lines' },
} as const satisfies ArgsDef

export const probeCommand = defineCommand({
  meta: {
    name: 'probe',
    description:
      'Asks nodes of a network who they are, with an identity made for it; keeps and changes nothing. Exit code 0 when one answers to the end, 1 when none does',
  },
  args,
  async run({ rawArgs, args: given }) {
    const { switches, words } = checkArguments(rawArgs, args)
    const asked = await targets(words, repeatedOption(rawArgs, 'rpc'), given.network, given.config)
    const timeoutMillis = secondsOf(given.timeout) * 1000
    const stopping = new AbortController()
    const stopped = stopSignal()
    stopped.then((signal) => stopping.abort(new Error(signal)))
    process.stdout.on('error', () => undefined)
    const options = { ...asked, timeoutMillis, discover: !switches.has('no-discover'), signal: stopping.signal }
    await answer(options, given.json === true)
    if (stopping.signal.aborted) process.exitCode = 128 + constants.signals[await stopped]
    // Nothing of ours is open any more; a slow name server or a library may still hold the process.
    process.exit()
  },
})

type Asked = Pick<ProbeOptions, 'network' | 'peers' | 'rpc'>

async function answer(options: Omit<ProbeOptions, 'addon'>, asJson: boolean): Promise<void> {
  try {
    const listener = progressOf(options)
    // What takes long to load is loaded when the command line is known to be right.
    const [{ probe }, { loadAddon }] = await Promise.all([import('./probe.ts'), import('../crypto/addon.ts')])
    const report = await probe({ ...options, listener, addon: loadAddon() })
    const columns = process.stdout.columns ?? USUAL_COLUMNS
    const coloured = wantsColour(process.stdout, process.env)
    await written(asJson ? JSON.stringify(report) : printed(report, { columns, coloured }))
    process.exitCode = report.answered > 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    if (asJson) await written(JSON.stringify({ error: error.code, message: error.message }))
    else console.error(`petal-node: ${error.message}`)
    process.exitCode = 1
  }
}

/** The process ends right after this. */
const written = (text: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()))

/** Whoever waits at a terminal sees something move. Not on the standard output, which programs read. */
function progressOf({ network, peers, rpc, timeoutMillis }: Omit<ProbeOptions, 'addon'>): StageListener {
  if (process.stderr.isTTY !== true) return () => undefined
  const all = peers.length + rpc.length
  console.error(
    `Asking ${all} of ${networkName(network)} for at most ${timeoutMillis / 1000} s, with a throw-away identity. Nothing is kept, nobody can connect.`,
  )
  return (target, stage) => console.error(`${stageHead(stage).padEnd(PROGRESS_WIDTH)} ${shortened(target)}`)
}

/** Stages stand before the targets, which have any length. */
const PROGRESS_WIDTH = 28

const shortened = (target: string): string => target.replace(/\/p2p\/.*/, '')

/** Whom to ask. Throws `UsageError`. */
async function targets(
  words: readonly string[],
  rpcWords: readonly string[],
  networkText: string | undefined,
  configDirectory: string | undefined,
): Promise<Asked> {
  try {
    const config = configDirectory === undefined ? undefined : await configOf(configDirectory)
    const network = networkText === undefined ? (config?.network() ?? 0) : networkOf(networkText)
    const rpc = rpcWords.flatMap((word): readonly RpcTarget[] =>
      word === 'archives' ? archiveTargets(network, config?.archiveEndpoints() ?? []) : [rpcTarget(word)],
    )
    const named = words.map(peerTarget)
    const peers = named.length > 0 || rpc.length > 0 ? named : bootstrapOf(network, config)
    if (peers.length + rpc.length > MOST_TARGETS)
      throw new UsageError(`${peers.length + rpc.length} peers and ports: at most ${MOST_TARGETS} are asked`)
    return { network, peers, rpc }
  } catch (error) {
    const isKnown = [PeerAddressError, BootstrapListError, TargetError, KeyStoreError].some(
      (one) => error instanceof one,
    )
    throw isKnown && error instanceof Error ? new UsageError(error.message) : error
  }
}

function bootstrapOf(network: number, config: ConfigFile | undefined): readonly PeerTarget[] {
  const peers = bootstrapTargets(network, config?.bootstrapPeers() ?? [])
  if (peers.length === 0)
    throw new UsageError(`${networkName(network)} has no built-in bootstrap peers: give an address, or --config DIR`)
  return peers
}

async function configOf(directory: string): Promise<ConfigFile> {
  if (directory === '') throw new UsageError('--config needs a value')
  return ConfigFile.parse(await readText(join(resolve(directory), 'config.yml')))
}

function networkOf(text: string): number {
  if (text === 'mainnet') return 0
  const number = networkNumber(text)
  if (number === null) throw new UsageError(`--network ${text}: mainnet or the number of a network is possible`)
  return number
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SECONDS
  const seconds = numberOption('timeout', text)
  if (!(seconds >= 1 && seconds <= MOST_SECONDS))
    throw new UsageError(`--timeout ${text}: 1 to ${MOST_SECONDS} seconds are possible`)
  return seconds
}
