/** What this machine knows of names and ports before anything is spoken. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { orAbandon } from '../net/quic/session.ts'

/** Addresses of a name that are tried. */
export const MOST_ADDRESSES = 4

/** IP addresses of a name, of one family if `family` is 4 or 6. Rejects with errors of the system, or the signal's reason. */
export type Resolver = (name: string, family: 0 | 4 | 6, signal: AbortSignal) => Promise<readonly string[]>

/** Up to four addresses in the order of the machine's own resolver. */
export const systemResolver: Resolver = async (name, family, signal) => {
  const found = await orAbandon(lookup(name, { family, all: true }), signal, () => undefined)
  return [...new Set(found.map(({ address }) => address))].slice(0, MOST_ADDRESSES)
}

/**
 * Opens a TCP connection and ends it: whether something listens there. The WebSocket of Node says of any failure that it failed, and no more.
 * Rejects with errors of the system, or an `AbortError`.
 */
export async function touchPort(host: string, port: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal })
  } finally {
    socket.on('error', () => undefined)
    socket.destroy()
  }
}
