/**
 * Places for connections at the peer listener, taken by sockets that say nothing. Linux has all of 127.0.0.0/8, so one machine is two
 * addresses here.
 */
import { connect, type Socket } from 'node:net'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { afterEach, expect, test } from 'vitest'
import type { PeerServerEvent } from './peer-server.ts'
import { dialTest, HOST, SERVER, startTestRpc } from './testing.ts'

const ELSEWHERE = '127.0.0.2'
const PATIENCE = { timeout: 20_000 }

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

/** A listener on which handshakes take no time out. */
async function listener(limits: { readonly connections?: number; readonly connectionsPerAddress?: number }) {
  const events: PeerServerEvent[] = []
  const server = await startTestRpc({
    limits: { ...limits, handshakeMillis: 600_000 },
    onEvent: (event) => events.push(event),
  })
  stack.defer(() => server.stop())
  const refusals = () => events.flatMap((event) => (event.event === 'refused' ? [event.reason] : []))
  return { port: server.port, refusals }
}

/** Resolves when the system has connected it; whether the listener keeps it, `refusals` says. */
async function silent(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ host: HOST, port, localAddress })
  socket.on('error', () => undefined)
  stack.defer(() => void socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

const gone = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

/** Whether there is a place. Fails when there is and the call is not answered. */
async function isServed(port: number): Promise<boolean> {
  const peer = await dialTest(port, SERVER).catch(() => undefined)
  if (peer === undefined) return false
  try {
    await peer.call((options) => peer.client(GlobalService).getWorkerInfo({}, options))
    return true
  } finally {
    peer.close()
  }
}

test('an address has no more connections than its own limit, and others are served meanwhile', async () => {
  const { port, refusals } = await listener({ connections: 8, connectionsPerAddress: 2 })
  const taken = [await silent(port, ELSEWHERE), await silent(port, ELSEWHERE)]
  await gone(await silent(port, ELSEWHERE))
  expect(await isServed(port)).toBe(true)
  expect(refusals()).toEqual(['address'])
  for (const socket of taken) expect(socket.closed).toBe(false)
})

test('a place of an address becomes free again', async () => {
  const { port, refusals } = await listener({ connections: 8, connectionsPerAddress: 2 })
  const [first] = [await silent(port, HOST), await silent(port, HOST)]
  expect(await isServed(port)).toBe(false)
  expect(refusals()).toEqual(['address'])
  first?.destroy()
  await expect.poll(() => isServed(port), PATIENCE).toBe(true)
})

test('all addresses together have no more connections than the limit, and a place becomes free again', async () => {
  const { port, refusals } = await listener({ connections: 3, connectionsPerAddress: 2 })
  const [first] = [await silent(port, ELSEWHERE), await silent(port, ELSEWHERE), await silent(port, HOST)]
  expect(await isServed(port)).toBe(false)
  expect(refusals()).toEqual(['connections'])
  first?.destroy()
  await expect.poll(() => isServed(port), PATIENCE).toBe(true)
})
