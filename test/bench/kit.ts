/** Deterministic inputs of the steps, the same on every platform. */
export interface KitData {
  /** SHA-256("petal-bench" || u8 i), i = 0..19, hex: the challenges of the discriminant search. */
  readonly challenges: readonly string[]
  /** Protobuf header, committee and rules for the certificate check. */
  readonly header: string
  readonly committee: string
  readonly rules: string
  /** A traversal proof of one key, hex. */
  readonly traversal: { readonly root: string; readonly key: string; readonly proof: string }
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))

export class Kit {
  readonly #data: KitData

  constructor(data: KitData) {
    this.#data = data
  }

  get challenges(): Uint8Array[] {
    return this.#data.challenges.map(fromHex)
  }

  get header(): Uint8Array {
    return fromHex(this.#data.header)
  }

  get committee(): string {
    return this.#data.committee
  }

  get rules(): string {
    return this.#data.rules
  }

  /** Bytes without structure from a seed (xorshift32); not random, and not meant to be. */
  bytes(seed: number, length: number): Uint8Array {
    let state = (seed * 0x9e3779b1) >>> 0 || 1
    return Uint8Array.from({ length }, () => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state & 0xff
    })
  }

  /** A secret key: 512 bits, below the group order. */
  secret(seed: number): Uint8Array {
    const key = new Uint8Array(73)
    key.set(this.bytes(seed + 1000, 64), 9)
    return key
  }
}
