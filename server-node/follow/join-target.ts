/** Whom `--join` names: a node by its address, or by the page that it serves. */
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { multiaddr } from '@multiformats/multiaddr'
import { isPeerIdText } from '@petal/core/discovery/peer-address.ts'
import { DESCRIPTION_LIMITS } from '@petal/core/light/network-description.ts'
import { messageOf, NodeError } from '../errors.ts'

export const JOIN_LIMITS = {
  /** Nodes that can be named. */
  targets: 16,
  fetchMillis: 10_000,
} as const

export type JoinTarget =
  /** Address with a peer id. */
  | { readonly kind: 'peer'; readonly address: string; readonly peer: string }
  /** Address of a `network.json`. */
  | { readonly kind: 'page'; readonly url: string }

/** Transports that a node dials, in the order in which it prefers them. */
const DIALLED: readonly RegExp[] = [/\/tcp\/\d+\/p2p\//, /\/ws\/p2p\//]

/** Throws `NodeError` `options`. */
export function readJoinTarget(text: string): JoinTarget {
  if (/^https?:\/\//.test(text)) {
    const url = parsed(text, () => new URL(text))
    return { kind: 'page', url: (url.pathname.endsWith('.json') ? url : new URL('network.json', url)).href }
  }
  return { kind: 'peer', address: text, peer: parsed(text, () => peerOfAddress(text)) }
}

/** Peer id in an address. Throws an `Error` for what is no address, or has none. */
export function peerOfAddress(text: string): string {
  const peer = multiaddr(text)
    .getComponents()
    .findLast(({ name }) => name === 'p2p')?.value
  if (peer === undefined) throw new Error('it does not end with /p2p/ and a peer id')
  if (!isPeerIdText(peer)) throw new Error(`${peer} is not a peer id`)
  return peer
}

/** Addresses of a description that this program dials. */
export function dialledAddresses(addresses: readonly string[]): string[] {
  return DIALLED.flatMap((form) => addresses.filter((address) => form.test(address)))
}

/** Data directory of a node that joins where none is given: the same command line finds it again. */
export function joinedDirectory(targets: readonly string[]): string {
  const name = createHash('sha256')
    .update(targets[0] ?? '')
    .digest('hex')
    .slice(0, 12)
  return fileURLToPath(new URL(`../../.petal/joined-${name}`, import.meta.url))
}

/** Text of the network description at an address of the web. Rejects with `NodeError` `join`, whose text goes on after the address. */
export async function fetchDescription(url: string, signal: AbortSignal): Promise<string> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(JOIN_LIMITS.fetchMillis)])
    const response = await fetch(url, { signal: limit })
    if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body) {
      bytes += chunk.length
      if (bytes > DESCRIPTION_LIMITS.characters) throw new Error('what is there is too long for a network.json')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  } catch (error) {
    signal.throwIfAborted()
    throw new NodeError('join', `cannot be read: ${causeOf(error)}`, { cause: error })
  }
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  return messageOf(error instanceof TypeError && error.cause !== undefined ? error.cause : error)
}

function parsed<T>(text: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw wrong(text, messageOf(error))
  }
}

function wrong(text: string, why: string): NodeError {
  const expected = 'a multiaddr like /ip4/192.0.2.1/tcp/4001/p2p/Qm.. or the address of a page'
  return new NodeError('options', `cannot join ${JSON.stringify(text)}: ${why}; expected is ${expected}`)
}
