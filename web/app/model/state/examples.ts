/** Addresses to try: what the network description offers, and the maker of the newest frame. They are looked up like typed ones. */
import type { Head, NetworkDescription } from '../../client.ts'
import { hexOf } from '../format.ts'
import { type Asked, askedOf, readAddress } from './addresses.ts'

export interface Example {
  readonly title: string
  readonly asked: Asked
}

/** More would be a list to search, not something to try. */
const MOST_EXAMPLES = 8
/** The leader of a genesis frame is a whole key. */
const ADDRESS_BYTES = 32

type Offered = NonNullable<NetworkDescription['examples']>[number]

/** None before the description or a frame has arrived. */
export function examplesOf(network: NetworkDescription | null, head: Head | null): readonly Example[] {
  const offered: readonly Offered[] = network?.examples ?? []
  const leader = head?.value.facts.prover
  const maker: readonly Offered[] =
    leader?.length === ADDRESS_BYTES
      ? [{ title: 'maker of the newest frame', kind: 'prover', address: hexOf(leader) }]
      : []
  return [...offered.slice(0, MOST_EXAMPLES), ...maker].map(exampleOf).filter((example) => example !== null)
}

/** Null for an address whose length does not fit its kind. */
function exampleOf({ title, kind, address }: Offered): Example | null {
  const typed = readAddress(address)
  const asked = typeof typed === 'string' ? typed : askedOf(typed, kind)
  return typeof asked === 'string' ? null : { title: `${title.charAt(0).toUpperCase()}${title.slice(1)}`, asked }
}
