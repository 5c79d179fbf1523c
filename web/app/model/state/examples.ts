/** Addresses that a network description offers to try. They are looked up like typed ones: nothing about them is trusted. */
import type { NetworkDescription } from '../../client.ts'
import { type Asked, askedOf, KINDS, readAddress } from './addresses.ts'

export interface Example {
  readonly title: string
  readonly asked: Asked
}

const MOST_EXAMPLES = 12
const MOST_CHARACTERS = 80

/** The usable ones of `examples: [{title, kind, address}]`, in their order; none when the description has none. */
export function examplesOf(network: NetworkDescription | null): readonly Example[] {
  const offered: unknown = network !== null && 'examples' in network ? network.examples : undefined
  if (!Array.isArray(offered)) return []
  return offered
    .slice(0, MOST_EXAMPLES)
    .map(exampleOf)
    .filter((example) => example !== null)
}

function exampleOf(offered: unknown): Example | null {
  if (typeof offered !== 'object' || offered === null) return null
  const { title, kind, address } = offered as Readonly<Record<string, unknown>>
  const known = KINDS.find((choice) => choice.kind === kind)
  if (typeof title !== 'string' || typeof address !== 'string' || known === undefined) return null
  const typed = readAddress(address)
  const asked = typeof typed === 'string' ? typed : askedOf(typed, known.kind)
  return typeof asked === 'string' ? null : { title: title.slice(0, MOST_CHARACTERS), asked }
}
