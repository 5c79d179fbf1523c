import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { atomId, GLOBAL_DOMAIN, pathOf, QUIL_TOKEN, shardKey, shardL1 } from './location.ts'

test('HYP-01 L1 of the token shard names the trees 94, 193 and 254; the registry and addresses out of the field have none', () => {
  expect([...shardL1(QUIL_TOKEN)]).toEqual([94, 193, 254])
  expect([...shardL1(GLOBAL_DOMAIN)]).toEqual([0, 0, 0])
  expect([...shardL1(new Uint8Array(32))]).toEqual([0, 0, 0])
  expect([...shardL1(Uint8Array.of(0x40, ...new Uint8Array(31)))]).toEqual([0, 0, 0])
  const address = hexToBytes('17bc2ad49fc77c303322b10ba127a21bce966e4de99110544f6c4b8918e21b8b')
  expect(bytesToHex(shardKey(address))).toBe(`8ca4a6${bytesToHex(address)}`)
  expect(pathOf(address).slice(0, 4)).toEqual([5, 59, 48, 42])
  expect(pathOf(address)).toHaveLength(43)
})

test('paths of short keys are padded with zero bits', () => {
  expect(pathOf(Uint8Array.of(0x3c))).toEqual([15, 0])
  expect(pathOf(Uint8Array.of(0x3c, 0x10))).toEqual([15, 1, 0])
  expect(pathOf(new Uint8Array(64).fill(0xff))).toHaveLength(86)
})

test('an address of the wrong length is an error of its own kind', () => {
  expect(() => atomId(new Uint8Array(31), GLOBAL_DOMAIN)).toThrow(/31 and 32 bytes/)
  expect(() => shardL1(new Uint8Array(33))).toThrow(/33 bytes/)
})
