import { readFileSync } from 'node:fs'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TreeLeaf } from '../platform/state.ts'
import { readTreeLeaves } from '../state/tree-reader.ts'
import { CLASSES, type ClassName } from './classes.ts'
import { proverHyperedgeLeaves, readProverHyperedge } from './prover-hyperedge.ts'
import { numberField, readRecord, record, recordLeaves, u64Bytes, withFields } from './record.ts'
import {
  creditReward,
  joinedAllocation,
  joinedProver,
  newReward,
  type Step,
  stepAllocation,
  stepProver,
} from './transitions.ts'

interface Built {
  readonly blob: string
  readonly size: string
}
interface Life {
  readonly public_key: string
  readonly filter: string
  readonly seniority: string
  readonly join_frame: string
  readonly after_join: { readonly prover: Built; readonly allocation: Built; readonly hyperedge_blob: string }
  readonly steps: readonly { op: Step; frame: string; ok: boolean; allocation: Built; prover: Built }[]
}
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../test/vectors/consensus/${name}.json`, import.meta.url), 'utf8')).cases
const lives: Life[] = read('lifecycle_records')

const show = (leaves: readonly TreeLeaf[]) =>
  leaves.map(({ key, value, size }) => `${bytesToHex(key)}=${bytesToHex(value)}:${size}`)
const holds = (built: Built, leaves: readonly TreeLeaf[]) => {
  expect(show(leaves)).toEqual(show(readTreeLeaves(hexToBytes(built.blob))))
  expect(leaves.reduce((sum, leaf) => sum + leaf.size, 0n)).toBe(BigInt(built.size))
}

test('PRV-01 PRV-08 records hold the same leaves as the recorded lives, step by step', () => {
  for (const life of lives) {
    const [key, filter] = [hexToBytes(life.public_key), hexToBytes(life.filter)]
    const address = readTreeLeaves(hexToBytes(life.after_join.allocation.blob))[0]?.value ?? new Uint8Array(0)
    let prover = joinedProver(key, BigInt(life.seniority))
    let allocation = joinedAllocation(address, filter, BigInt(life.join_frame))
    holds(life.after_join.prover, recordLeaves(prover))
    holds(life.after_join.allocation, recordLeaves(allocation))
    for (const { op, frame, ok, ...after } of life.steps) {
      const next = stepAllocation(allocation, op, BigInt(frame))
      expect(next !== null).toBe(ok)
      if (next !== null) {
        prover = stepProver(prover, next, op, BigInt(frame))
        allocation = next
      }
      holds(after.allocation, recordLeaves(allocation))
      holds(after.prover, recordLeaves(prover))
    }
  }
})

test('the hyperedge of a join names its allocation by hashes in place of commitments', () => {
  for (const life of lives) {
    const [stored] = readTreeLeaves(hexToBytes(life.after_join.hyperedge_blob))
    const prover = readTreeLeaves(hexToBytes(life.after_join.allocation.blob))[0]?.value ?? new Uint8Array(0)
    const allocation = joinedAllocation(prover, hexToBytes(life.filter), BigInt(life.join_frame))
    const allocationAddress = stored?.key.slice(32) ?? new Uint8Array(0)
    expect(show(proverHyperedgeLeaves([{ allocationAddress, allocation }], 'join'))).toEqual(
      stored ? show([stored]) : [],
    )
    const bare = hexToBytes(life.after_join.hyperedge_blob)
    expect(readProverHyperedge(prover, bare)).toEqual([allocationAddress])
    const full = Uint8Array.of(1, ...new Uint8Array(32).fill(0xff), ...prover, ...bare)
    expect(readProverHyperedge(prover, full)).toEqual([allocationAddress])
  }
})

test('PRV-16 rewards are added to a balance of 32 bytes and never overflow it', () => {
  const cases: { delegate: string; steps: { add: string; record: Built }[] }[] = read('lifecycle_reward_records')
  for (const { delegate, steps } of cases) {
    let reward = newReward(hexToBytes(delegate))
    for (const step of steps) {
      reward = creditReward(reward, BigInt(step.add)) ?? reward
      holds(step.record, recordLeaves(reward))
    }
  }
  const full = withFields(newReward(new Uint8Array(32)), { Balance: new Uint8Array(32).fill(0xff) })
  expect(creditReward(full, 1n)).toBeNull()
  expect(creditReward(full, 0n)).toEqual(full)
})

test('a prover who joins again keeps the higher seniority and starts anew otherwise', () => {
  const key = new Uint8Array(585).fill(2)
  const before = withFields(joinedProver(key, 9n), { Status: Uint8Array.of(4) })
  expect(joinedProver(key, 3n, before)).toEqual(joinedProver(key, 9n))
  expect(joinedProver(key, 12n, before)).toEqual(joinedProver(key, 12n))
})

const anyRecord = fc
  .constantFrom<ClassName>('prover', 'allocation', 'reward', 'merge')
  .chain((name) =>
    fc
      .record(
        Object.fromEntries(
          Object.entries(CLASSES[name].fields).map(([field, { bytes, shorter }]) => [
            field,
            fc.uint8Array({ minLength: shorter ? 0 : bytes, maxLength: bytes }),
          ]),
        ),
        { requiredKeys: [] },
      )
      .map((fields) => record(name, fields as Record<string, Uint8Array>)),
  )

test('any record is read back from its leaves in any order', () => {
  fc.assert(
    fc.property(anyRecord, fc.boolean(), (made, reversed) => {
      const leaves = recordLeaves(made)
      const back = readRecord(reversed ? leaves.toReversed() : leaves)
      expect(back).toMatchObject({ class: made.class })
      expect('fields' in back && [...back.fields].sort()).toEqual([...made.fields].sort())
    }),
  )
})

test('leaves that are no record say why', () => {
  const leaves = recordLeaves(newReward(new Uint8Array(32)))
  const [first, ...others] = leaves
  expect(readRecord([])).toEqual({ unknown: 'type' })
  expect(readRecord(leaves.slice(0, -1))).toEqual({ unknown: 'type' })
  expect(readRecord([{ key: first?.key ?? new Uint8Array(0), value: new Uint8Array(31) }, ...others])).toEqual({
    unknown: 'field',
  })
  expect(readRecord([{ key: Uint8Array.of(1), value: new Uint8Array(1) }, ...leaves])).toEqual({ unknown: 'field' })
})

test('fields out of their rules are refused when written', () => {
  expect(() => record('reward', { Balance: new Uint8Array(31) })).toThrow(/32 are needed/)
  expect(() => record('reward', { Status: new Uint8Array(1) })).toThrow(/no field Status/)
  expect(() => u64Bytes(1n << 64n)).toThrow(/64 bits/)
  expect(numberField(record('merge', {}), 'ProverAddress')).toBeUndefined()
})
