import { bytesToHex } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import type { HeaderFacts } from '../platform/crypto.ts'
import type { Candidate, Purpose } from './candidates.ts'
import { Committees } from './committees.ts'
import type { FollowFailure, LightEffect } from './events.ts'
import { descriptionOf } from './made-up.ts'
import { FOLLOW_MILLIS, FOLLOW_PATIENCE_MILLIS, GRACE_MILLIS, MOST_PARKED, QUERY_TIMEOUT_MILLIS } from './policy.ts'

const { committee: _, ...anchors } = descriptionOf([], 0).anchors
const root = (registry: number) => new Uint8Array(registry === 0 ? 0 : 64).fill(registry)
const point = (frame: number, registry: number) => ({
  frame: BigInt(frame),
  root: bytesToHex(root(registry)),
  members: 4,
  header: null,
})
const open: FollowFailure = { verdict: 'open', reason: 'not held' }

function facts(number: number, registry: number): HeaderFacts {
  const none = new Uint8Array(0)
  return {
    number: BigInt(number),
    rank: BigInt(2 * number),
    timestamp: 0n,
    difficulty: 1,
    parentSelector: none,
    identity: none,
    challenge: none,
    output: none,
    prover: none,
    globalCommitments: [],
    proverTreeCommitment: root(registry),
    requestsRoot: none,
    signature: null,
  }
}

const made = (number: number, registry: number, peer: number | null, purpose: Purpose = 'head'): Candidate => ({
  bytes: Uint8Array.of(number, registry),
  digest: `${number}/${registry}`,
  purpose,
  peer,
  from: `/${peer}`,
  range: null,
  query: purpose === 'query' || purpose === 'check' ? 1 : null,
  timeProof: false,
  timeProofKnown: false,
  facts: facts(number, registry),
  links: [],
  certificate: null,
})

/** Parks it, and says what went for it. */
function park(committees: Committees, candidate: Candidate, now = 0): readonly Candidate[] | null {
  return committees.park(candidate, candidate.facts ?? facts(0, 0), now)
}

/** With the registry 1 of frame 1. */
function begun(): Committees {
  const committees = new Committees(anchors)
  committees.resume(point(1, 1))
  return committees
}

function followOf(effects: readonly LightEffect[]) {
  const effect = effects.find(({ kind }) => kind === 'follow')
  return effect?.kind === 'follow' ? effect : null
}

/** Number of the frame that is followed to now. */
const target = (effects: readonly LightEffect[]): number | undefined => followOf(effects)?.header?.bytes[0]

test('a pinned committee is known for every header, and nothing is followed', () => {
  const committees = new Committees(descriptionOf([], 0).anchors)
  expect(committees.knows(facts(9, 9))).toBe(true)
  expect(committees.next(3, 0)).toEqual([])
  expect(committees.earliest(0)).toBe(Number.POSITIVE_INFINITY)
  expect(committees.state()).toEqual({ origin: 'pinned', members: 1, frame: null, pending: null, reason: null })
})

test('above the followed frame only the committee of its registry is known; an older one is for older frames', () => {
  const committees = new Committees(anchors)
  expect(committees.knows(facts(1, 1))).toBe(false)
  committees.resume(point(5, 1))
  expect(committees.knows(facts(9, 1))).toBe(true)
  committees.followed(0, point(7, 2), null, 0)
  expect(committees.knows(facts(9, 2))).toBe(true)
  expect(committees.knows(facts(9, 1))).toBe(false)
  expect(committees.knows(facts(7, 1))).toBe(false)
  expect(committees.knows(facts(6, 1))).toBe(true)
  expect(committees.knows(facts(6, 3))).toBe(false)
})

test('what waits is bounded for each node; what would wait in vain does not', () => {
  const committees = begun()
  for (let n = 2; n < 2 + MOST_PARKED; n++) expect(park(committees, made(n, n, 1))).toEqual([])
  expect(park(committees, made(100, 9, 1))).toMatchObject([{ digest: '2/2' }])
  expect(park(committees, made(2, 9, 1))).toMatchObject([{ digest: '2/9' }])
  expect(park(committees, made(2, 9, 2))).toEqual([])
  for (let n = 0; n < MOST_PARKED; n++) expect(park(committees, made(50, 9, null, 'query'))).toEqual([])
  expect(park(committees, made(51, 9, null, 'query'))).toBeNull()
  expect(park(committees, made(51, 9, null, 'check'))).toBeNull()
  expect(park(committees, made(1, 9, 3))).toBeNull()
  expect(park(committees, made(51, 0, 3))).toBeNull()
  committees.drop(({ peer }) => peer === 1)
  expect(committees.some(({ peer }) => peer === 1)).toBe(false)
})

test('the registry at the checkpoint is asked for as soon as a node is there, with longer and longer pauses', () => {
  const committees = new Committees(anchors)
  expect(committees.next(0, 0)).toEqual([])
  const pauses: number[] = []
  let now = 0
  for (let attempt = 0; attempt < 8; attempt++) {
    const effect = followOf(committees.next(1, now))
    expect(effect?.header).toBeNull()
    expect(committees.next(1, now)).toEqual([])
    committees.followed(effect?.follow ?? 0, null, open, now)
    const next = committees.earliest(now)
    pauses.push(next - now)
    expect(committees.next(1, next - 1)).toEqual([])
    now = next
  }
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  expect(committees.state().reason).toMatch(/cannot be had \(not held\)/)
  const effect = followOf(committees.next(1, now))
  committees.followed(effect?.follow ?? 0, null, open, now)
  expect(followOf(committees.next(2, now + 1))).not.toBeNull()
})

test('a node that nothing leads to waits behind the others', () => {
  const committees = begun()
  park(committees, made(90, 9, 1))
  park(committees, made(7, 7, 2))
  const first = followOf(committees.next(2, 0))
  expect(first?.header?.bytes[0]).toBe(90)
  expect(committees.followed(first?.follow ?? 0, point(1, 1), open, 0).failed).toBeNull()
  const second = followOf(committees.next(2, 10_000))
  expect(second?.header?.bytes[0]).toBe(7)
  const { ready, failed } = committees.followed(second?.follow ?? 0, point(7, 7), null, 10_000)
  expect(ready).toMatchObject([{ digest: '7/7', timeProofKnown: true }])
  expect(failed).toBeNull()
  committees.advanced()
  expect(committees.state().pending).toBe(90n)
  committees.advanced()
  for (let failures = 2; failures <= 3; failures++) {
    const again = followOf(committees.next(2, failures * 100_000))
    expect(again?.header?.bytes[0]).toBe(90)
    const over = committees.followed(again?.follow ?? 0, point(7, 7), open, failures * 100_000)
    expect(over.failed?.failure.verdict).toBe(failures === 3 ? 'useless' : undefined)
  }
  expect(committees.state().pending).toBeNull()
})

test('a slow way is called off when headers of others wait, or at last', () => {
  const committees = begun()
  park(committees, made(90, 9, 1))
  expect(target(committees.next(2, 0))).toBe(90)
  expect(committees.earliest(0)).toBe(FOLLOW_PATIENCE_MILLIS)
  expect(committees.next(2, FOLLOW_PATIENCE_MILLIS)).toEqual([])
  expect(committees.earliest(FOLLOW_PATIENCE_MILLIS)).toBe(FOLLOW_MILLIS + GRACE_MILLIS)
  // the same registry: it is on its way
  park(committees, made(91, 9, 2))
  expect(committees.next(2, FOLLOW_PATIENCE_MILLIS)).toEqual([])
  park(committees, made(7, 7, 2))
  const effects = committees.next(2, FOLLOW_PATIENCE_MILLIS)
  expect(effects.map(({ kind }) => kind)).toEqual(['callOff', 'follow'])
  expect(target(effects)).toBe(91)
  // the other has failed before: nobody is called off for its sake
  expect(committees.next(2, 3 * FOLLOW_PATIENCE_MILLIS)).toEqual([])
  const late = committees.next(2, 2 * FOLLOW_MILLIS)
  expect(late[0]?.kind).toBe('callOff')
})

test('an old outcome counts for the point alone; a caller waits only so long', () => {
  const committees = begun()
  const asked = made(9, 9, null, 'query')
  park(committees, asked)
  park(committees, made(8, 8, 1))
  committees.followed(77, point(2, 2), open, 0)
  expect(committees.point?.frame).toBe(2n)
  expect(committees.expire(QUERY_TIMEOUT_MILLIS - 1)).toEqual([])
  expect(committees.earliest(0)).toBe(QUERY_TIMEOUT_MILLIS)
  const effect = followOf(committees.next(1, 0))
  expect(effect?.header?.bytes[0]).toBe(9)
  expect(committees.expire(QUERY_TIMEOUT_MILLIS)).toEqual([])
  const told = committees.followed(effect?.follow ?? 0, point(2, 2), open, 0)
  expect(told.failed).toMatchObject({ candidate: { digest: '9/9' }, failure: { verdict: 'open' } })
  park(committees, asked)
  expect(committees.expire(QUERY_TIMEOUT_MILLIS)).toMatchObject([{ digest: '9/9' }])
})
