/** Names to IP addresses, by the resolver of this machine. */
import { lookup } from 'node:dns/promises'
import { orAbandon } from '../net/quic/session.ts'

/** Addresses of a name that are tried. */
export const MOST_ADDRESSES = 4

/** Up to four addresses in the order of the resolver, of one family if `family` is 4 or 6. Rejects with errors of the system, or the signal's reason. */
export async function addressesOf(name: string, family: 0 | 4 | 6, signal: AbortSignal): Promise<readonly string[]> {
  const found = await orAbandon(lookup(name, { family, all: true }), signal, () => undefined)
  return [...new Set(found.map(({ address }) => address))].slice(0, MOST_ADDRESSES)
}
