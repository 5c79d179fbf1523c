import { GLOBAL_TOPICS, shardTopics } from '@petal/core/gossip/topics.ts'
import { expect, test } from 'vitest'
import { ClientError } from '../errors.ts'
import { bitmaskOf, keyFile, messageBytes, newPassphrase } from './arguments.ts'
import { TAB_LIMITS } from './limits.ts'

const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return error instanceof ClientError ? error.code : String(error)
  }
  return 'no error'
}

test('P2P-04 a topic is a bitmask, its hex, or what an application is about', () => {
  const domain = new Uint8Array(32).fill(7)
  expect(bitmaskOf('0000', 'x')).toEqual(GLOBAL_TOPICS.frame)
  expect(bitmaskOf(GLOBAL_TOPICS.frame, 'x')).toEqual(GLOBAL_TOPICS.frame)
  expect(bitmaskOf({ domain }, 'x')).toEqual(shardTopics(domain).frame)
  expect(bitmaskOf({ domain: '07'.repeat(32), about: 'dispatch' }, 'x')).toEqual(shardTopics(domain).dispatch)
  const wrong = ['', '0', 'zz', '00'.repeat(129), new Uint8Array(0), new Uint8Array(129), 7, null, { domain: '00' }]
  for (const topic of wrong) expect(codeOf(() => bitmaskOf(topic as string, 'x'))).toBe('arguments')
  expect(codeOf(() => bitmaskOf({ domain, about: 'toString' as 'frame' }, 'x'))).toBe('arguments')
})

test('messages, passphrases and files have lengths', () => {
  expect(messageBytes(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
  for (const data of [new Uint8Array(0), new Uint8Array(TAB_LIMITS.messageBytes + 1), 'text'])
    expect(codeOf(() => messageBytes(data))).toBe('arguments')
  expect(newPassphrase('12345678')).toBe('12345678')
  expect(codeOf(() => newPassphrase('1234567'))).toBe('passphrase')
  expect(codeOf(() => newPassphrase('x'.repeat(2000)))).toBe('arguments')
  expect(codeOf(() => keyFile(new Uint8Array(TAB_LIMITS.keyFileBytes + 1)))).toBe('import')
  expect(codeOf(() => keyFile('{}'))).toBe('arguments')
})
