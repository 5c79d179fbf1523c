import { afterEach, expect, test, vi } from 'vitest'
import { ClientError, type StateValue, type VertexValue } from '../../client.ts'
import { createLookup, type Lookups } from './lookup.ts'

const A = { kind: 'vertex', domain: 'aa', address: '01' } as const
const B = { kind: 'vertex', domain: 'aa', address: '02' } as const

afterEach(() => void vi.restoreAllMocks())

const vertex = (frame: bigint, bees: bigint): StateValue<VertexValue> =>
  ({
    frame,
    verified: 'full',
    value: {
      bytes: Uint8Array.of(Number(bees)),
      fields: [
        { name: 'name', value: 'rose' },
        { name: 'bees', value: bees },
      ],
    },
  }) as unknown as StateValue<VertexValue>

function open() {
  const answers: { resolve: (value: StateValue<VertexValue>) => void; reject: (error: Error) => void }[] = []
  const signals: (AbortSignal | undefined)[] = []
  let listener: ((value: StateValue<VertexValue>) => void) | null = null
  let onError: ((error: Error) => void) | undefined
  const reads = {
    getVertex: (_: unknown, options?: { signal?: AbortSignal }) => {
      signals.push(options?.signal)
      return new Promise<StateValue<VertexValue>>((resolve, reject) => answers.push({ resolve, reject }))
    },
    watch: (_: unknown, next: typeof listener, options?: { onError?: typeof onError }) => {
      listener = next
      onError = options?.onError
      return () => {
        listener = null
      }
    },
  } as unknown as Lookups
  const lookup = createLookup(reads)
  return {
    lookup,
    signals,
    answer: (at: number, value: StateValue<VertexValue>) => answers[at]?.resolve(value),
    refuse: (at: number, error: Error) => answers[at]?.reject(error),
    tell: (value: StateValue<VertexValue>) => listener?.(value),
    fail: (error: Error) => onError?.(error),
    isWatching: () => listener !== null,
  }
}

test('a later question gives up the earlier one, whichever is answered first', async () => {
  const { lookup, signals, answer } = open()
  const first = lookup.ask(A)
  const second = lookup.ask(B)
  expect(signals[0]?.aborted).toBe(true)
  answer(1, vertex(7n, 1n))
  await second
  answer(0, vertex(6n, 9n))
  await first
  expect(lookup.state.value).toMatchObject({ status: 'answered', asked: B, answer: { value: { frame: 7n } } })
})

test('a failure is kept with what was asked', async () => {
  const { lookup, refuse } = open()
  const asking = lookup.ask(A)
  expect(lookup.state.value.status).toBe('asking')
  refuse(0, new ClientError('noPeers', 'No connected node serves state.'))
  await asking
  expect(lookup.state.value).toMatchObject({ status: 'failed', asked: A, advice: { title: 'No node answers' } })
})

test('a followed value counts its changes and names the fields', async () => {
  const { lookup, answer, tell, fail, isWatching } = open()
  const asking = lookup.ask(A)
  answer(0, vertex(7n, 1n))
  await asking
  lookup.follow(true)
  // The first call back is the value as it was already shown.
  tell(vertex(7n, 1n))
  expect(lookup.following.value).toMatchObject({ changes: 0, trouble: null })
  tell(vertex(9n, 2n))
  expect(lookup.following.value?.changes).toBe(1)
  expect([...(lookup.following.value?.fields ?? [])]).toEqual(['bees'])
  expect(lookup.state.value).toMatchObject({ answer: { value: { frame: 9n } } })
  fail(new ClientError('noPeers', 'gone'))
  expect(lookup.following.value?.trouble?.text).toBe('gone')
  tell(vertex(10n, 3n))
  expect(lookup.following.value?.trouble).toBeNull()
  lookup.follow(false)
  expect(isWatching()).toBe(false)
  expect(lookup.following.value).toBeNull()
})

test('a new question ends following', async () => {
  const { lookup, answer, isWatching } = open()
  const asking = lookup.ask(A)
  answer(0, vertex(7n, 1n))
  await asking
  lookup.follow(true)
  expect(isWatching()).toBe(true)
  void lookup.ask(B)
  expect(isWatching()).toBe(false)
  lookup.close()
})

test('nothing is followed before it was found', () => {
  const { lookup, isWatching } = open()
  lookup.follow(true)
  expect(isWatching()).toBe(false)
})
