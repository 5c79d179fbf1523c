import { type NodePeer, PeerError } from '@petal/core/platform/network.ts'
import { expect, test } from 'vitest'
import { AlertCatchUp, MOST_ASKED } from './alert-catch-up.ts'
import { FollowedPeer } from './peer.ts'

const [OLD, NEW, BAD] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]

/** A peer that answers with these, newest first, or does not know the question. */
function peerWith(id: string, alerts: readonly Uint8Array[] | null, asked: string[]): FollowedPeer {
  const answer = async () => {
    asked.push(id)
    if (alerts === null) throw new PeerError('protocol', 'no such question')
    return alerts
  }
  return new FollowedPeer({ id, alerts: answer } as unknown as NodePeer)
}

test('OPS-08 each neighbour is asked once, the oldest alert is judged first, and none is in the way of others', async () => {
  const asked: string[] = []
  const judged: number[] = []
  const failures: unknown[] = []
  const peers = [peerWith('old release', null, asked), peerWith('one', [NEW, BAD, OLD], asked)]
  const listeners = new Set<() => void>()
  const pool = {
    peers: () => peers,
    onChange: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const judge = async (bytes: Uint8Array) => {
    judged.push(bytes[0] ?? 0)
    if (bytes === BAD) throw new Error('the disk is full')
  }
  const stop = new AbortController()
  new AlertCatchUp(judge, stop.signal, (error) => failures.push(error)).follow(pool)
  await expect.poll(() => judged).toEqual([1, 3, 2])
  expect(failures).toHaveLength(1)
  peers.push(peerWith('late', [NEW], asked))
  for (const changed of listeners) changed()
  for (const changed of listeners) changed()
  await expect.poll(() => judged).toEqual([1, 3, 2, 2])
  expect(asked).toEqual(['old release', 'one', 'late'])
  // Rotation took it out and in again.
  peers.splice(1, 1, peerWith('one', [NEW, OLD], asked))
  for (const changed of listeners) changed()
  expect(asked).toEqual(['old release', 'one', 'late'])
  // It is remembered of a bounded number of peers.
  peers.splice(0, peers.length, ...Array.from({ length: MOST_ASKED }, (_, number) => peerWith(`${number}`, [], asked)))
  for (const changed of listeners) changed()
  peers.splice(0, peers.length, peerWith('late', [], asked), peerWith(`${MOST_ASKED - 1}`, [], asked))
  for (const changed of listeners) changed()
  expect(asked.slice(-2)).toEqual([`${MOST_ASKED - 1}`, 'late'])
  stop.abort()
  expect(listeners.size).toBe(0)
})
