/**
 * The next page of a pull, made while the one before is under way: a puller asks for one page after the other, and its next question is known as
 * soon as its last answer is. Begins with the second page in a row, so that whoever asks once costs once.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { decodeQuery, encodeQuery, SyncWireError } from '@petal/core/sync/index.ts'

/** Numbers of `HypergraphSyncResponse.leaves` and `HypergraphSyncLeavesResponse.continuation_token` (spec 22 section 2). */
const LEAVES = 2
const TOKEN = 3

export class ReadAhead {
  #expected: Uint8Array | undefined
  #ready: Promise<Uint8Array | null> | undefined

  /** The answer that was begun for this query; null when another one was expected. */
  async take(query: Uint8Array): Promise<{ readonly answer: Uint8Array | null; readonly follows: boolean }> {
    const follows = this.#expected !== undefined && sameBytes(this.#expected, query)
    const ready = this.#ready
    this.#expected = undefined
    this.#ready = undefined
    return { answer: follows && ready !== undefined ? await ready : null, follows }
  }

  /** After an answer: what the next query will be, and with `make` the answer to it is begun. */
  expect(query: Uint8Array, answer: Uint8Array, make: ((query: Uint8Array) => Promise<Uint8Array>) | null): void {
    const next = nextQuery(query, answer)
    if (next === null) return
    this.#expected = next
    // What goes wrong here goes wrong again when the query comes.
    if (make !== null) this.#ready = make(next).catch(() => null)
  }
}

function nextQuery(query: Uint8Array, answer: Uint8Array): Uint8Array | null {
  const token = tokenIn(answer)
  if (token === null || token.length === 0) return null
  try {
    const asked = decodeQuery(query)
    return asked.kind === 'leaves' ? encodeQuery({ ...asked, token }) : null
  } catch (error) {
    if (error instanceof SyncWireError) return null
    throw error
  }
}

/** Token of an answer that our own server wrote; its leaves are stepped over. Null when it is no page of leaves. */
function tokenIn(answer: Uint8Array): Uint8Array | null {
  const outer = new BinaryReader(answer)
  if (outer.len === 0 || outer.tag()[0] !== LEAVES) return null
  const inner = new BinaryReader(outer.bytes())
  while (inner.pos < inner.len) {
    const [number, wireType] = inner.tag()
    if (number === TOKEN) return inner.bytes()
    inner.skip(wireType, number)
  }
  return null
}
