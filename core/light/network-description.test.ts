import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NetworkDescription } from './anchors.ts'
import { DescriptionError, describeAge, parseAnchors, parseNetworkDescription } from './network-description.ts'

const key = (digit: string): string => digit.repeat(1170)
const good: NetworkDescription = {
  format: 1,
  network: 'local',
  profile: '2.1.0.24',
  addresses: ['/ip4/127.0.0.1/tcp/4001/ws'],
  anchors: {
    committee: {
      members: [
        { publicKey: key('a'), weight: '1000' },
        { publicKey: key('b'), weight: '2000' },
      ],
      threshold: '2001',
    },
    checkpoint: { number: '0', identity: '0'.repeat(64), rank: '0', timestamp: '1744726759481', difficulty: 1000 },
    rules: { genesisNumber: '0', genesisIdentity: 'f'.repeat(64), proverInCommittee: true, difficultyFloor: 0 },
    issuedAt: 1744726759481,
  },
  frameIntervalMillis: 10_000,
}

const failure = (run: () => unknown): DescriptionError => {
  try {
    run()
  } catch (error) {
    if (error instanceof DescriptionError) return error
    throw error
  }
  throw new Error('accepted')
}
/** The good description with the field at `path` replaced. */
const changed = (path: string, value: unknown): string => {
  const copy = structuredClone(good)
  const steps = path.split('.')
  const last = steps.pop() as string
  let at = copy as unknown as Record<string, unknown>
  for (const step of steps) at = at[step] as Record<string, unknown>
  at[last] = value
  return JSON.stringify(copy)
}

describe('network.json', () => {
  test('a correct description is read as it is, and unknown fields are left out', () => {
    expect(parseNetworkDescription(JSON.stringify(good))).toEqual(good)
    expect(parseNetworkDescription(JSON.stringify({ ...good, extra: 1 }))).toEqual(good)
    expect(parseAnchors(JSON.stringify(good.anchors))).toEqual(good.anchors)
    expect(
      parseNetworkDescription(changed('anchors.committee.threshold', null)).anchors.committee?.threshold,
    ).toBeNull()
  })

  test('OPS-08 the alert key of the operators is 57 bytes, or left out as in descriptions of earlier versions', () => {
    const alertKey = '3a'.repeat(57)
    expect(parseNetworkDescription(changed('anchors.alertKey', alertKey)).anchors).toEqual({
      ...good.anchors,
      alertKey,
    })
    expect('alertKey' in parseNetworkDescription(JSON.stringify(good)).anchors).toBe(false)
    const { committee, ...followed } = { ...good.anchors, alertKey }
    const checkpoint = { ...followed.checkpoint, number: '7' }
    expect(committee).toBeDefined()
    expect(parseAnchors(JSON.stringify({ ...followed, checkpoint })).alertKey).toBe(alertKey)
  })

  test.each([
    ['network', ''],
    ['network', 'x'.repeat(65)],
    ['profile', 7],
    ['addresses', 'one'],
    ['addresses', Array(65).fill('/ip4/127.0.0.1')],
    ['anchors', null],
    ['anchors.issuedAt', -1],
    ['anchors.issuedAt', 1.5],
    ['anchors.alertKey', 'a'.repeat(113)],
    ['anchors.alertKey', 'A'.repeat(114)],
    ['anchors.alertKey', null],
    ['anchors.committee.members', []],
    ['anchors.committee.members', Array(257).fill({ publicKey: key('a'), weight: '1' })],
    ['anchors.committee.members', Array(2).fill({ publicKey: key('a'), weight: '1' })],
    ['anchors.committee.threshold', '0'],
    ['anchors.committee.threshold', '3001'],
    ['anchors.checkpoint.number', '18446744073709551616'],
    ['anchors.checkpoint.number', 0],
    ['anchors.checkpoint.number', '00'],
    ['anchors.checkpoint.number', '9'.repeat(1000)],
    ['anchors.checkpoint.identity', 'A'.repeat(64)],
    ['anchors.checkpoint.timestamp', '9223372036854775808'],
    ['anchors.checkpoint.difficulty', 2 ** 32],
    ['anchors.rules.proverInCommittee', 'yes'],
    ['anchors.rules.genesisIdentity', '00'],
    ['frameIntervalMillis', 0],
  ])('field %s = %j is refused and named', (path, value) => {
    const error = failure(() => parseNetworkDescription(changed(path, value)))
    expect(error.code).toBe('field')
    expect(error.path.startsWith(path)).toBe(true)
    expect(error.message).toContain(path)
    expect(error.message.length).toBeLessThan(400)
  })

  test('other formats, no JSON and too much text have their own codes', () => {
    expect(failure(() => parseNetworkDescription(changed('format', 2))).code).toBe('format')
    expect(failure(() => parseNetworkDescription('<!doctype html>')).code).toBe('syntax')
    expect(failure(() => parseNetworkDescription(' '.repeat((1 << 20) + 1))).code).toBe('size')
  })

  test('no text makes the parser do anything but answer or throw DescriptionError', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        failure(() => parseNetworkDescription(text))
      }),
      { seed: 31, numRuns: 2000 },
    )
  })
})

describe('anchors without a committee', () => {
  const { committee: _, ...anchors } = good.anchors
  const at = (checkpoint: object) =>
    JSON.stringify({ ...anchors, checkpoint: { ...anchors.checkpoint, ...checkpoint } })

  test('are read when the checkpoint binds its registry: by the time proof, or by a root that it names', () => {
    expect(parseAnchors(at({ number: '7' }))).toEqual({
      ...anchors,
      checkpoint: { ...anchors.checkpoint, number: '7' },
    })
    for (const bytes of [64, 74]) {
      const registryRoot = 'ab'.repeat(bytes)
      expect(parseAnchors(at({ registryRoot })).checkpoint.registryRoot).toBe(registryRoot)
    }
    expect(parseAnchors(at({ number: '7' })).committee).toBeUndefined()
  })

  test('are refused at the genesis without that root, since its identity binds nothing', () => {
    const error = failure(() => parseAnchors(at({})))
    expect([error.code, error.path]).toEqual(['field', 'checkpoint.registryRoot'])
  })

  test.each(['', 'ab', 'AB'.repeat(74), 'ab'.repeat(73), 7, null])('a root %j is refused and named', (registryRoot) => {
    expect(failure(() => parseAnchors(at({ registryRoot }))).path).toBe('checkpoint.registryRoot')
  })

  test('an empty committee is no missing one', () => {
    expect(failure(() => parseAnchors(JSON.stringify({ ...good.anchors, committee: null }))).path).toBe('committee')
  })
})

test('the age of anchors is said in words', () => {
  const day = 86_400_000
  expect(describeAge(0, 0)).toBe('just made')
  expect(describeAge(0, 1000)).toBe('1 second old')
  expect(describeAge(0, day - 1)).toBe('23 hours old')
  expect(describeAge(0, 40 * day)).toBe('40 days old')
  expect(describeAge(1, 0)).toContain('future')
})

test('whether signers are found by the embedded key (11 section 8.2) is kept, and must be a boolean', () => {
  const withRule = (signersByKey: unknown) => ({
    ...good.anchors,
    rules: { ...good.anchors.rules, signersByKey },
  })
  expect(parseAnchors(JSON.stringify(withRule(true))).rules.signersByKey).toBe(true)
  expect(failure(() => parseAnchors(JSON.stringify(withRule('yes')))).code).toBe('field')
})

describe('examples', () => {
  const example = { title: 'a flower', kind: 'vertex', address: 'ab'.repeat(64) }
  const read = (examples: unknown) => parseNetworkDescription(JSON.stringify({ ...good, examples })).examples

  test('are carried along as they are, and may be missing', () => {
    expect(read([example, { title: 'me', kind: 'prover', address: '00'.repeat(32) }])).toHaveLength(2)
    expect(parseNetworkDescription(JSON.stringify(good)).examples).toBeUndefined()
  })

  test.each([
    ['another kind', { ...example, kind: 'file' }],
    ['a short address', { ...example, address: 'ab' }],
    ['no title', { ...example, title: '' }],
  ])('%s is refused', (_, wrong) => {
    expect(() => read([wrong])).toThrow(DescriptionError)
  })
})
