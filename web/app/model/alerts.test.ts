import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Client, NetworkAlert } from '../client.ts'
import { createAlertModel, undismissed } from './alerts.ts'

let onFocus: () => void = () => {}
beforeEach(() => {
  vi.stubGlobal('addEventListener', (_: string, listener: () => void) => {
    onFocus = listener
  })
  vi.stubGlobal('removeEventListener', () => {
    onFocus = () => {}
  })
})
afterEach(() => vi.unstubAllGlobals())

const alert = (name: string, firstSeenAt: number, dismissed = false): NetworkAlert => ({
  digest: name,
  message: `text of ${name}`,
  alertKey: '3a'.repeat(57),
  firstSeenAt,
  dismissed,
})

function open(phase = 'idle') {
  const listeners = new Map<string, (value: never) => void>()
  const client = {
    state: { phase },
    on: (event: string, listener: (value: never) => void) => {
      listeners.set(event, listener)
      return () => listeners.delete(event)
    },
    alerts: vi.fn(async (): Promise<readonly NetworkAlert[]> => []),
    dismissAlert: vi.fn(async () => {}),
  }
  const model = createAlertModel(client as unknown as Client)
  const emit = (event: string, value: unknown) => listeners.get(event)?.(value as never)
  const shown = () => model.alerts.value.map(({ digest, dismissed }) => `${digest}${dismissed ? ' read' : ''}`)
  return { model, client, emit, shown, listeners }
}

test('what the last visit left is asked for once the client has started; what comes is added, newest first', async () => {
  const { client, emit, shown } = open()
  expect(client.alerts).not.toHaveBeenCalled()
  client.alerts.mockResolvedValue([alert('b', 2), alert('a', 1, true)])
  emit('state', {})
  emit('state', {})
  await expect.poll(shown).toEqual(['b', 'a read'])
  expect(client.alerts).toHaveBeenCalledOnce()
  emit('alert', alert('c', 3))
  emit('alert', alert('c', 3))
  expect(shown()).toEqual(['c', 'b', 'a read'])
  expect(open('ready').client.alerts).toHaveBeenCalledOnce()
})

test('one is put away at once and for ever, also when an older answer comes after that', async () => {
  const { model, client, emit, shown } = open()
  emit('alert', alert('a', 1))
  emit('alert', alert('b', 2))
  let answer: (alerts: readonly NetworkAlert[]) => void = () => {}
  client.alerts.mockReturnValue(new Promise((resolve) => (answer = resolve)))
  onFocus()
  client.dismissAlert.mockRejectedValue(new Error('the client has ended'))
  model.dismiss('b')
  expect(client.dismissAlert).toHaveBeenCalledWith('b')
  answer([alert('b', 2), alert('a', 1)])
  await Promise.resolve()
  expect([shown(), undismissed(model.alerts.value).map(({ digest }) => digest)]).toEqual([['b read', 'a'], ['a']])
})

test('what another tab dismissed goes when this one is looked at again', async () => {
  const { model, client, emit, shown, listeners } = open()
  emit('alert', alert('a', 1))
  client.alerts.mockResolvedValue([alert('a', 1, true)])
  onFocus()
  await expect.poll(shown).toEqual(['a read'])
  model.close()
  onFocus()
  expect([client.alerts.mock.calls.length, listeners.size]).toEqual([1, 0])
})
