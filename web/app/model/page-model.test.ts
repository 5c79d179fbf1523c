import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Client, Head, Refusal } from '../client.ts'
import { createPageModel } from './page-model.ts'

type Listener = (value: never) => void

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { hidden: false })
  vi.stubGlobal('addEventListener', () => undefined)
  vi.stubGlobal('removeEventListener', () => undefined)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const check = (name: string, ok = true) => ({ name, ok, reason: ok ? null : 'false', section: '11', millis: 1 })
const headOf = (frame: bigint, verified: 'certificate' | 'full'): Head =>
  ({
    frame,
    root: 'ab',
    verified,
    reason: null,
    millis: 2,
    value: { identity: 'ab', checks: [check('signature'), ...(verified === 'full' ? [check('vdf')] : [])] },
  }) as unknown as Head

function open() {
  const listeners = new Map<string, Listener>()
  let held: readonly Head[] = []
  const client = {
    state: {},
    on: (event: string, listener: Listener) => {
      listeners.set(event, listener)
      return () => listeners.delete(event)
    },
    recent: async () => held,
    work: async () => null,
    alerts: async () => [],
  } as unknown as Client
  const model = createPageModel({ client, locateFields: () => [], trust: 'origin' })
  return {
    model,
    emit: (event: string, value: unknown) => listeners.get(event)?.(value as never),
    hold: (...heads: readonly Head[]) => {
      held = heads
    },
    rows: () => model.rows.value.map(({ number, outcome }) => [number, outcome]),
  }
}

test('earlier frames are shown together, once a second', async () => {
  const { model, emit, rows } = open()
  emit('head', headOf(9n, 'certificate'))
  emit('frame', headOf(8n, 'full'))
  emit('frame', headOf(7n, 'full'))
  expect(rows()).toEqual([[9n, 'certified']])
  await vi.advanceTimersByTimeAsync(1000)
  expect(rows()).toEqual([
    [9n, 'certified'],
    [8n, 'proved'],
    [7n, 'proved'],
  ])
  expect(model.head.value?.frame).toBe(9n)
  model.close()
})

test('a certified frame whose time proof is false is taken back, with the head', async () => {
  const { model, emit, hold, rows } = open()
  const refusal: Refusal = { frame: 9n, from: 'a', reason: 'false', checks: [check('signature'), check('vdf', false)] }
  emit('head', headOf(8n, 'full'))
  emit('head', headOf(9n, 'certificate'))
  hold(headOf(9n, 'certificate'), headOf(8n, 'full'))
  // Another copy of it was refused: the client holds its own.
  emit('refusal', refusal)
  await vi.advanceTimersByTimeAsync(0)
  expect(rows()[0]).toEqual([9n, 'certified'])
  hold(headOf(8n, 'full'))
  emit('refusal', refusal)
  await vi.advanceTimersByTimeAsync(0)
  expect(rows()).toEqual([
    [9n, 'refused'],
    [8n, 'proved'],
  ])
  expect(model.head.value?.frame).toBe(8n)
  hold()
  emit('head', headOf(10n, 'certificate'))
  emit('refusal', { ...refusal, frame: 10n })
  await vi.advanceTimersByTimeAsync(0)
  expect(model.head.value).toBeNull()
  model.close()
})
