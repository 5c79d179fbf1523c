/** Reads of state as the page sees them: arguments, errors, and values that are followed from head to head. */
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { ClientError } from './errors.ts'
import { addressBytes, addressList, atomOf, frameOf, schemaOf } from './state-arguments.ts'
import type { ReadOptions, StateReads, StateValue, VertexOptions, VertexValue } from './state-types.ts'
import type { OnProgress, StateAnswers, StateWish } from './state-wishes.ts'
import type { ClientErrorCode, Head } from './types.ts'

export interface StateApiParts {
  readonly policy: 'refuse' | 'mark'
  /** Asks the worker. Rejects with `ClientError`, or with the reason of the signal. */
  read<K extends StateWish['kind']>(
    wish: Extract<StateWish, { kind: K }>,
    signal: AbortSignal | undefined,
    onProgress: OnProgress | undefined,
  ): Promise<StateAnswers[K]>
  head(): Promise<Head | null>
  onHead(listener: (head: Head) => void): () => void
}

/** After these nothing more can be read. */
const FINAL: readonly ClientErrorCode[] = ['stopped', 'crashed', 'halted', 'engine', 'anchors']

export class StateApi implements StateReads {
  readonly #parts: StateApiParts

  constructor(parts: StateApiParts) {
    this.#parts = parts
  }

  getVertex: StateReads['getVertex'] = async (at, options = {}) => {
    const { domain, address } = atomOf(at, 'getVertex')
    return one(await this.#vertices('getVertex', domain, [address], options))
  }

  getVertices: StateReads['getVertices'] = async (domain, addresses, options = {}) => {
    const { different, places } = addressList(addresses)
    const values = await this.#vertices('getVertices', addressBytes(domain, 'getVertices: domain'), different, options)
    return places.map((place) => one(values, place))
  }

  getHyperedge: StateReads['getHyperedge'] = async (at, options = {}) => {
    const { domain, address } = atomOf(at, 'getHyperedge')
    const wish = { kind: 'hyperedge', domain, address, ...this.#common('getHyperedge', options) } as const
    return await this.#parts.read<'hyperedge'>(wish, options.signal, undefined)
  }

  getProver: StateReads['getProver'] = async (at, options = {}) => {
    const address = addressBytes(at, 'getProver')
    const wish = { kind: 'prover', address, ...this.#common('getProver', options) } as const
    return await this.#parts.read<'prover'>(wish, options.signal, undefined)
  }

  getShard: StateReads['getShard'] = async (at, options = {}) => {
    const domain = addressBytes(at, 'getShard')
    const wish = { kind: 'shard', domain, ...this.#common('getShard', options) } as const
    return await this.#parts.read<'shard'>(wish, options.signal, undefined)
  }

  listProvers: StateReads['listProvers'] = async (options = {}) => {
    const wish = { kind: 'provers', ...this.#common('listProvers', options) } as const
    return await this.#parts.read<'provers'>(wish, options.signal, options.onProgress)
  }

  watch: StateReads['watch'] = (at, listener, options = {}) => {
    const { domain, address } = atomOf(at, 'watch')
    schemaOf(options.schema, 'watch')
    const { onError = (error: Error) => reportError(error) } = options
    const read = async (signal: AbortSignal) =>
      one(await this.#vertices('watch', domain, [address], { ...options, signal }))
    return watchValue(this.#parts, read, listener, onError)
  }

  async #vertices(
    what: string,
    domain: Uint8Array,
    addresses: readonly Uint8Array[],
    options: VertexOptions,
  ): Promise<readonly StateValue<VertexValue>[]> {
    const schema = schemaOf(options.schema, what)
    const wish = { kind: 'vertices', domain, addresses, schema, ...this.#common(what, options) } as const
    return await this.#parts.read<'vertices'>(wish, options.signal, undefined)
  }

  #common(what: string, { frame }: ReadOptions): { readonly frame: bigint | null; readonly mark: boolean } {
    return { frame: frameOf(frame, what), mark: this.#parts.policy === 'mark' }
  }
}

/** The worker answers as many values as it was asked for. */
function one<T>(values: readonly T[], place = 0): T {
  const value = values[place]
  if (value === undefined) throw new ClientError('crashed', 'The worker answered fewer values than it was asked for.')
  return value
}

/** One read at a time: heads that come meanwhile lead to one more. Ends with the returned function, or when nothing more can be read. */
function watchValue(
  { head, onHead }: Pick<StateApiParts, 'head' | 'onHead'>,
  read: (signal: AbortSignal) => Promise<StateValue<VertexValue>>,
  listener: (value: StateValue<VertexValue>) => void,
  onError: (error: Error) => void,
): () => void {
  const stopping = new AbortController()
  const { signal } = stopping
  let last: Uint8Array | null | undefined
  let busy = false
  let again = false
  const stop = () => {
    forgetHeads()
    stopping.abort()
  }
  const tell = (run: () => void) => {
    try {
      if (!signal.aborted) run()
    } catch (error) {
      reportError(error)
    }
  }
  const once = async (): Promise<void> => {
    try {
      const value = await read(signal)
      const bytes = value.value?.bytes ?? null
      const same = last !== undefined && (last === null || bytes === null ? last === bytes : sameBytes(last, bytes))
      if (signal.aborted || same) return
      last = bytes
      tell(() => listener(value))
    } catch (error) {
      tell(() => onError(error instanceof Error ? error : new Error(String(error))))
      if (error instanceof ClientError && FINAL.includes(error.code)) stop()
    }
  }
  const look = async (): Promise<void> => {
    again = true
    if (busy) return
    busy = true
    while (again && !signal.aborted) {
      again = false
      await once()
    }
    busy = false
  }
  const forgetHeads = onHead(() => void look())
  // Without a head the first one starts it; a client that cannot have one says why in the read.
  void head().then(
    (held) => {
      if (held !== null) void look()
    },
    () => void look(),
  )
  return stop
}
