/** A vector file or case does not have the documented form: a failure of the case, never of the runner. */
export class Malformed extends Error {}

type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Lower-case hex to bytes. `where` names the value in the error. */
export function parseHex(value: unknown, where: string): Uint8Array {
  if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/.test(value))
    throw new Malformed(`${where} is not a lower-case hex string`)
  return Uint8Array.from(Buffer.from(value, 'hex'))
}

/** An integer: a JSON number in the safe range, or a decimal string. */
function parseInteger(value: unknown, where: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'string' && /^-?[0-9]{1,80}$/.test(value)) return BigInt(value)
  throw new Malformed(`${where} is not an integer (a safe number or a decimal string)`)
}

/** Read-only, checked view of one JSON object of a vector file; `path` names it in errors. */
export class Fields {
  readonly path: string
  readonly #object: JsonObject

  constructor(value: unknown, path: string) {
    if (!isObject(value)) throw new Malformed(`${path || 'the file'} is not a JSON object`)
    this.#object = value
    this.path = path
  }

  /** Present and not null. */
  has(name: string): boolean {
    return Object.hasOwn(this.#object, name) && this.#object[name] !== null
  }

  names(): string[] {
    return Object.keys(this.#object)
  }

  /** The value as it stands; null counts as a value. */
  raw(name: string): unknown {
    if (!Object.hasOwn(this.#object, name)) throw new Malformed(`field ${this.#where(name)} is missing`)
    return this.#object[name]
  }

  text(name: string): string {
    const value = this.raw(name)
    if (typeof value !== 'string') throw new Malformed(`${this.#where(name)} is not text`)
    return value
  }

  /** Text, or '' when the field is absent. */
  optionalText(name: string): string {
    return this.has(name) ? this.text(name) : ''
  }

  boolean(name: string): boolean {
    const value = this.raw(name)
    if (typeof value !== 'boolean') throw new Malformed(`${this.#where(name)} is not a boolean`)
    return value
  }

  integer(name: string): bigint {
    return parseInteger(this.raw(name), this.#where(name))
  }

  /** An integer that fits a u32, as the calls of the engines want it. */
  u32(name: string): number {
    const value = this.integer(name)
    if (value < 0n || value > 0xffffffffn) throw new Malformed(`${this.#where(name)} does not fit 32 bits`)
    return Number(value)
  }

  bytes(name: string): Uint8Array {
    return parseHex(this.raw(name), this.#where(name))
  }

  /** Lower-case hex, checked. */
  hex(name: string): string {
    this.bytes(name)
    return this.text(name)
  }

  /** Non-negative hex integer: any number of digits. */
  hexInteger(name: string): bigint {
    const value = this.text(name)
    if (!/^[0-9a-f]+$/.test(value)) throw new Malformed(`${this.#where(name)} is not a hex integer`)
    return BigInt(`0x${value}`)
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name)
    if (!Array.isArray(value)) throw new Malformed(`${this.#where(name)} is not a list`)
    return value
  }

  bytesList(name: string): Uint8Array[] {
    return this.list(name).map((item, index) => parseHex(item, `${this.#where(name)}[${index}]`))
  }

  hexList(name: string): string[] {
    return this.bytesList(name).map(toHex)
  }

  integerList(name: string): bigint[] {
    return this.list(name).map((item, index) => parseInteger(item, `${this.#where(name)}[${index}]`))
  }

  child(name: string): Fields {
    return new Fields(this.raw(name), this.#where(name))
  }

  children(name: string): Fields[] {
    return this.list(name).map((item, index) => new Fields(item, `${this.#where(name)}[${index}]`))
  }

  /** The verdict an implementation must give: `strict_valid` where it exists, else `valid`. */
  requiredVerdict(): boolean {
    return this.boolean(this.has('strict_valid') ? 'strict_valid' : 'valid')
  }

  #where(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }
}

/** Bytes of any engine (Uint8Array or Buffer) as lower-case hex. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Text as UTF-8 bytes. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Byte strings one after the other. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))
