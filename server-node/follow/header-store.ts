/** Verified headers of frames whose state was never here, beside the state (`Store` of the node). */
import type { Store } from '@petal/core/platform/store.ts'
import type { VerifiedHeader } from './verifier.ts'

const PREFIX = new TextEncoder().encode('follow/header/')

export class HeaderStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  get(number: bigint): Promise<Uint8Array | undefined> {
    return this.#store.get(keyOf(number))
  }

  /** On disk when it resolves. */
  async put(headers: readonly VerifiedHeader[]): Promise<void> {
    const operations = headers.map(({ bytes, facts }) => {
      return { kind: 'put' as const, key: keyOf(facts.number), value: bytes }
    })
    await this.#store.batch(operations, 'durable')
  }

  /** Header with the highest number. */
  async newest(): Promise<Uint8Array | undefined> {
    const to = Uint8Array.of(...PREFIX, ...new Uint8Array(9).fill(0xff))
    for await (const { value } of this.#store.range({ from: PREFIX, to, reverse: true, limit: 1 })) return value
    return undefined
  }
}

function keyOf(number: bigint): Uint8Array {
  const key = new Uint8Array(PREFIX.length + 8)
  key.set(PREFIX)
  new DataView(key.buffer).setBigUint64(PREFIX.length, number)
  return key
}
