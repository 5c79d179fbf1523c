/** What a person types to look up: one 64-byte id, its two halves, or one 32-byte address (spec 21 section 2). */

export type Kind = 'vertex' | 'hyperedge' | 'prover' | 'shard'

export const KINDS: readonly { readonly kind: Kind; readonly label: string }[] = [
  { kind: 'vertex', label: 'Vertex' },
  { kind: 'hyperedge', label: 'Hyperedge' },
  { kind: 'prover', label: 'Prover' },
  { kind: 'shard', label: 'Application' },
]

/** Hex digits, in lower case: `domain` and `address` of an atom, or one address alone. */
export type Typed =
  | { readonly domain: string; readonly address: string }
  | { readonly domain: null; readonly address: string }

export type Asked =
  | { readonly kind: 'vertex' | 'hyperedge'; readonly domain: string; readonly address: string }
  | { readonly kind: 'prover'; readonly address: string }
  | { readonly kind: 'shard'; readonly domain: string }

/** Hex digits of 32 bytes. */
const HALF = 64

/** Reads what was typed; a string says what is wrong with it. White space and `0x` are overlooked. */
export function readAddress(text: string): Typed | string {
  const parts = text
    .replace(/\s+/g, '')
    .split('/')
    .map((part) => part.replace(/^0x/i, '').toLowerCase())
  const digits = parts.join('')
  if (digits === '') return 'Type or paste an address.'
  const wrong = /[^0-9a-f]/.exec(digits)?.[0]
  if (wrong !== undefined) return `“${wrong}” is no hex digit: an address has only 0 to 9 and a to f.`
  const [domain = '', address = ''] = parts
  if (parts.length === 2) {
    if (domain.length === HALF && address.length === HALF) return { domain, address }
    return `A domain and an address have ${HALF} digits each; these have ${domain.length} and ${address.length}.`
  }
  if (parts.length > 2) return 'One slash at most: domain/address.'
  if (digits.length === HALF) return { domain: null, address: digits }
  if (digits.length === 2 * HALF) return { domain: digits.slice(0, HALF), address: digits.slice(HALF) }
  return `That has ${digits.length} digits. A vertex or hyperedge has ${2 * HALF}, a prover or an application ${HALF}.`
}

/** What can be asked of an address of that length, the likeliest first. */
export const kindsOf = (typed: Typed): readonly Kind[] =>
  typed.domain === null ? ['prover', 'shard'] : ['vertex', 'hyperedge']

/** The question; a string when that kind has addresses of another length. */
export function askedOf(typed: Typed, kind: Kind): Asked | string {
  if (kind === 'vertex' || kind === 'hyperedge') {
    if (typed.domain === null) return `A ${kind} is found by domain and address, ${2 * HALF} digits together.`
    return { kind, domain: typed.domain, address: typed.address }
  }
  if (typed.domain !== null) {
    return kind === 'prover'
      ? `A prover is found by its address alone, ${HALF} digits.`
      : `An application is found by its domain alone, ${HALF} digits.`
  }
  return kind === 'prover' ? { kind, address: typed.address } : { kind, domain: typed.address }
}

/** The question as it is typed. */
export function textOf(asked: Asked): string {
  if (asked.kind === 'prover') return asked.address
  return asked.kind === 'shard' ? asked.domain : `${asked.domain}/${asked.address}`
}
