import { describe, expect, test, vi } from 'vitest'
import { ClientError, NotFoundError, StoppedError } from './errors.ts'
import { StateApi, type StateApiParts } from './state-api.ts'
import type { StateValue, VertexValue } from './state-types.ts'
import type { StateWish } from './state-wishes.ts'
import type { Head } from './types.ts'

const HALF = '0a'.repeat(32)
const ID = HALF + '0b'.repeat(32)
const bytes = (fill: number, length = 32) => new Uint8Array(length).fill(fill)
const head = (frame: bigint): Head => ({ frame }) as Head
const found = (frame: bigint, content: number | null): StateValue<VertexValue> =>
  ({ frame, value: content === null ? null : { bytes: Uint8Array.of(content) } }) as StateValue<VertexValue>

/** A worker that answers what the test wants. */
function start(answer: (wish: StateWish, signal?: AbortSignal) => Promise<unknown>, held: Head | null = head(1n)) {
  const heads = new Set<(head: Head) => void>()
  const wishes: StateWish[] = []
  const parts: StateApiParts = {
    policy: 'refuse',
    read: async (wish, signal) => {
      wishes.push(wish)
      return (await answer(wish, signal)) as never
    },
    head: async () => held,
    onHead: (listener) => {
      heads.add(listener)
      return () => void heads.delete(listener)
    },
  }
  const next = async (frame: bigint) => {
    for (const listener of heads) listener(head(frame))
    await settled()
  }
  return { api: new StateApi(parts), mark: new StateApi({ ...parts, policy: 'mark' }), wishes, heads, next }
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))
const vertices = async () => [found(1n, 1)]

describe('arguments', () => {
  test('an address is hex, bytes, or two halves', async () => {
    const { api, wishes } = start(vertices)
    const domain = bytes(10)
    const address = bytes(11)
    await api.getVertex(ID)
    await api.getVertex(`0x${ID.toUpperCase()}`)
    await api.getVertex(Uint8Array.of(...domain, ...address))
    await api.getVertex({ domain: HALF, address })
    for (const wish of wishes) expect(wish).toMatchObject({ kind: 'vertices', domain, addresses: [address] })
    expect(wishes).toHaveLength(4)
  })

  test('frame, schema and policy are passed on', async () => {
    const { api, mark, wishes } = start(vertices)
    await api.getVertex(ID)
    await mark.getVertex(ID, { frame: 7n, schema: { text: 'document' } })
    await mark.getProver(HALF)
    expect(wishes).toMatchObject([
      { frame: null, schema: { kind: 'published' }, mark: false },
      { frame: 7n, schema: { kind: 'text', text: 'document' }, mark: true },
      { kind: 'prover', frame: null, mark: true },
    ])
  })

  test('what cannot be is refused with `arguments`, and no node is asked', async () => {
    const { api, wishes } = start(vertices)
    const wrong: (() => Promise<unknown>)[] = [
      () => api.getVertex(HALF),
      () => api.getVertex(`${ID}0`),
      () => api.getVertex(`${ID.slice(2)}zz`),
      () => api.getVertex('0a'.repeat(1_000_000)),
      () => api.getVertex(bytes(1, 63)),
      () => api.getVertex(undefined as never),
      () => api.getVertex({ domain: HALF } as never),
      () => api.getVertex(ID, { frame: -1n }),
      () => api.getVertex(ID, { frame: 1n << 64n }),
      () => api.getVertex(ID, { frame: 5 as never }),
      () => api.getVertex(ID, { schema: 'other' as never }),
      () => api.getVertices(HALF, []),
      () => api.getVertices(HALF, Array(101).fill(HALF)),
      () => api.getVertices(HALF, HALF as never),
      () => api.getVertices(ID, [HALF]),
      () => api.getHyperedge(HALF),
      () => api.getProver(ID),
      () => api.getShard(bytes(1, 31)),
      () => api.listProvers({ frame: 1.5 as never }),
    ]
    for (const ask of wrong) await expect(ask()).rejects.toMatchObject({ name: 'ArgumentsError', code: 'arguments' })
    expect(() => api.watch(HALF, () => {})).toThrow(ClientError)
    expect(wishes).toHaveLength(0)
  })

  test('an address that is asked for twice is asked of nodes once, and answered twice', async () => {
    const { api, wishes } = start(async () => [found(1n, 1), found(1n, 2)])
    const values = await api.getVertices(HALF, [HALF, ID.slice(64), bytes(10)])
    expect(wishes).toMatchObject([{ addresses: [bytes(10), bytes(11)] }])
    expect(values.map(({ value }) => value?.bytes[0])).toEqual([1, 2, 1])
  })

  test('errors and signals come through', async () => {
    const { api } = start(async (_, signal) => {
      signal?.throwIfAborted()
      throw new NotFoundError('nobody has it')
    })
    await expect(api.getHyperedge(ID)).rejects.toMatchObject({ code: 'notFound' })
    const reason = new Error('enough')
    await expect(api.getVertex(ID, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('a value that is followed', () => {
  test('is told the first time, and then when it is another one', async () => {
    const contents = [1, 1, 2, null, null, 3]
    const { api, next } = start(async () => [found(1n, contents.shift() ?? null)])
    const told: (number | null)[] = []
    const stop = api.watch(ID, ({ value }) => told.push(value?.bytes[0] ?? null))
    await settled()
    expect(told).toEqual([1])
    for (const frame of [2n, 3n, 4n, 5n, 6n]) await next(frame)
    expect(told).toEqual([1, 2, null, 3])
    stop()
  })

  test('is read first at the first head, when there is none yet', async () => {
    const { api, next, wishes } = start(vertices, null)
    const listener = vi.fn()
    const stop = api.watch(ID, listener)
    await settled()
    expect(wishes).toHaveLength(0)
    await next(1n)
    expect(listener).toHaveBeenCalledTimes(1)
    stop()
  })

  test('heads that come while it is read lead to one more read', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { api, next, wishes } = start(async () => {
      await promise
      return [found(1n, 1)]
    })
    const stop = api.watch(ID, () => {})
    await settled()
    for (const frame of [2n, 3n, 4n]) await next(frame)
    expect(wishes).toHaveLength(1)
    resolve()
    await settled()
    expect(wishes).toHaveLength(2)
    stop()
  })

  test('errors are told, and the next head is tried; the end of the client ends it', async () => {
    const answers = [new NotFoundError('not yet'), null, new StoppedError('over'), null]
    const { api, next, heads, wishes } = start(async () => {
      const error = answers.shift()
      if (error) throw error
      return [found(1n, 1)]
    })
    const [listener, onError] = [vi.fn(), vi.fn()]
    api.watch(ID, listener, { onError })
    await settled()
    expect(onError).toHaveBeenLastCalledWith(expect.objectContaining({ code: 'notFound' }))
    await next(2n)
    expect(listener).toHaveBeenCalledTimes(1)
    await next(3n)
    expect(onError).toHaveBeenLastCalledWith(expect.objectContaining({ code: 'stopped' }))
    expect(heads.size).toBe(0)
    await next(4n)
    expect(wishes).toHaveLength(3)
  })

  test('after it is stopped nothing is told, and what is being read is given up', async () => {
    const given: (AbortSignal | undefined)[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const { api, next, heads } = start(async (_, signal) => {
      given.push(signal)
      await promise
      return [found(1n, 1)]
    })
    const [listener, onError] = [vi.fn(), vi.fn()]
    const stop = api.watch(ID, listener, { onError })
    await settled()
    stop()
    stop()
    resolve()
    await next(2n)
    expect(given.map((signal) => signal?.aborted)).toEqual([true])
    expect([heads.size, listener.mock.calls.length, onError.mock.calls.length]).toEqual([0, 0, 0])
  })
})
