/** A host of ours that does not end well takes nothing from the report. */
import { afterEach, expect, test, vi } from 'vitest'
import { askPeer, startPeer } from './testing.ts'

/** The real host, which is stopped and then says that it is not. */
vi.mock(import('./host.ts'), async (original) => {
  const { openHost } = await original()
  return {
    openHost: async (options) => {
      const host = await openHost(options)
      const stop = host.stop.bind(host)
      host.stop = async () => {
        await stop()
        throw new Error('does not stop')
      }
      return host
    },
  }
})

const stack = new AsyncDisposableStack()
afterEach(() => stack.disposeAsync())

test('a host that fails to stop: the report is whole', async () => {
  const node = await startPeer(stack)
  const [address = ''] = node.addresses()
  expect(await askPeer(address)).toMatchObject({ target: address, gossip: true, failure: null })
})
