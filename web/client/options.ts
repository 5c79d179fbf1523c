/** Options of an embedder, checked at once: a wrong one is a programming mistake, told where it was made. */
import { DESCRIPTION_LIMITS } from '@petal/core/light/network-description.ts'
import { boundLimits } from '@petal/core/light/policy.ts'
import type { LightTransport } from '@petal/core/platform/network.ts'
import type { Store } from '@petal/core/platform/store.ts'
import { ArgumentsError } from './errors.ts'
import type { HostOptions } from './host-api.ts'
import { BUILT_IN, type BuiltIn } from './transports/kinds.ts'
import type { ClientOptions } from './types.ts'

export interface CheckedOptions {
  readonly host: HostOptions
  readonly functions: readonly LightTransport[]
  readonly store: Store | null
  readonly policy: 'refuse' | 'mark'
}

/** Throws `ArgumentsError`. */
export function checkOptions(options: ClientOptions): CheckedOptions {
  const { network, anchors, store = 'indexeddb', policy = 'refuse', timeProofs = 'every', limits = {} } = options
  if (typeof network === 'string' ? !URL.canParse(network) : typeof network !== 'object' || network === null) {
    throw new ArgumentsError('network: give a network description, or the whole address of a network.json')
  }
  const transports = options.transports ?? BUILT_IN
  if (transports.length === 0) throw new ArgumentsError('transports: name at least one, or leave it out')
  for (const transport of transports) {
    if (typeof transport !== 'function' && !BUILT_IN.includes(transport)) {
      throw new ArgumentsError(`transports: ${String(transport)} is none of ${BUILT_IN.join(', ')}, nor a function`)
    }
  }
  oneOf('policy', policy, ['refuse', 'mark'])
  oneOf('timeProofs', timeProofs, ['every', 'sampled', 'off'])
  if (typeof store === 'string') oneOf('store', store, ['memory', 'indexeddb'])
  for (const [name, value] of Object.entries(limits)) {
    if (value !== undefined && !(typeof value === 'number' && value > 0)) {
      throw new ArgumentsError(`limits.${name}: ${String(value)} is no positive number`)
    }
  }
  const functions = transports.filter((transport) => typeof transport === 'function')
  const builtIn = transports.filter((transport): transport is BuiltIn => typeof transport === 'string')
  return {
    policy,
    functions,
    store: typeof store === 'string' ? null : store,
    host: {
      network,
      anchors: anchors ?? null,
      store: typeof store === 'string' ? store : 'page',
      transports: { builtIn, functions: functions.length },
      timeProofs,
      limits: boundLimits(limits),
      workers: workersOf(limits.workers),
    },
  }
}

/** Most workers of one client: each is a thread with its own copy of the engine. */
const MAX_WORKERS = 16

function workersOf(wished: number | undefined): number {
  if (wished !== undefined) return Math.min(MAX_WORKERS, Math.max(1, Math.floor(wished)))
  return Math.min(4, Math.max(1, navigator.hardwareConcurrency || 1))
}

/** Throws `ArgumentsError` for what cannot be an address. */
export function checkAddress(address: string): void {
  if (!/^\/\S+$/.test(address) || address.length > DESCRIPTION_LIMITS.addressCharacters) {
    throw new ArgumentsError('address: give a multiaddr, for instance /ip4/127.0.0.1/tcp/4001/ws/p2p/12D3...')
  }
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string))
    throw new ArgumentsError(`${name}: ${String(value)} is none of ${allowed.join(', ')}`)
}
