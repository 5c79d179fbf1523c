/** Building blocks of the validation tables (spec 40 section 4). */

export interface ValidationContext {
  /** Ed448 with empty context (spec 10 section 4). */
  readonly verifyEd448: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
  /** Whether a text parses as a multiaddr. */
  readonly isMultiaddr: (text: string) => boolean
}

/** The context as rules see it: with the table itself, for nested messages. */
export interface RuleContext extends ValidationContext {
  readonly validate: (name: string, value: unknown) => string | null
}

/** A sentence about what is wrong, or null. */
export type Fault = string | null

export type Rules = { readonly [name: string]: (value: unknown, context: RuleContext) => Fault }

/** The first fault of a list. */
export const first = (...faults: readonly (Fault | (() => Fault))[]): Fault => {
  for (const fault of faults) {
    const found = typeof fault === 'function' ? fault() : fault
    if (found !== null) return found
  }
  return null
}

/** The first fault among the elements. */
export const each = <T>(list: readonly T[], rule: (item: T, index: number) => Fault): Fault => {
  for (const [index, item] of list.entries()) {
    const fault = rule(item, index)
    if (fault !== null) return fault
  }
  return null
}

export const when = (condition: boolean, fault: string): Fault => (condition ? fault : null)

/** A byte string has one of these lengths. */
export const lengths = (name: string, bytes: Uint8Array, ...allowed: readonly number[]): Fault =>
  allowed.includes(bytes.length) ? null : `${name} has ${bytes.length} bytes, ${allowed.join(' or ')} wanted`

/** A byte string's length lies between two bounds, both allowed. */
export const within = (name: string, bytes: Uint8Array, least: number, most: number): Fault =>
  bytes.length >= least && bytes.length <= most ? null : `${name} has ${bytes.length} bytes, ${least} to ${most} wanted`

export const filled = (name: string, bytes: Uint8Array | string | readonly unknown[]): Fault =>
  bytes.length > 0 ? null : `${name} is empty`

/** A nested message is there and passes a rule. */
export const present = <T>(name: string, value: T | null, rule: (value: T) => Fault = () => null): Fault =>
  value === null ? `${name} is missing` : rule(value)

/** A nested message passes a rule if it is there. */
export const optional = <T>(value: T | null, rule: (value: T) => Fault): Fault => (value === null ? null : rule(value))
