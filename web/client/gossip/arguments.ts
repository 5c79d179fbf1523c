/** Arguments of the tab as a peer, checked in the page: a wrong one is a programming mistake, told where it was made. */

import { hexToBytes } from '@noble/hashes/utils.js'
import { shardTopics } from '@petal/core/gossip/topics.ts'
import { ArgumentsError, clientError } from '../errors.ts'
import { addressBytes } from '../state-arguments.ts'
import { TAB_LIMITS } from './limits.ts'
import type { GossipTopic } from './peer-types.ts'

const MOST_BITMASK_BYTES = 128
const PARTS = ['frame', 'consensus', 'dispatch', 'prover'] as const

/** Bitmask of a topic. Throws `ArgumentsError`. */
export function bitmaskOf(topic: GossipTopic, what: string): Uint8Array {
  const wrong = (why: string) =>
    new ArgumentsError(`${what}: a topic is a bitmask of 1 to 128 bytes, its hex, or { domain }: ${why}`)
  if (typeof topic === 'object' && topic !== null && !(topic instanceof Uint8Array)) {
    const { about = 'frame' } = topic
    if (!PARTS.includes(about)) throw wrong(`${String(about)} is none of ${PARTS.join(', ')}`)
    return shardTopics(addressBytes(topic.domain, `${what}: domain`))[about]
  }
  if (typeof topic === 'string' && !(topic.length <= 2 * MOST_BITMASK_BYTES && /^(?:[0-9a-fA-F]{2})+$/.test(topic)))
    throw wrong('this is no hex')
  const bytes = typeof topic === 'string' ? hexToBytes(topic) : topic
  if (!(bytes instanceof Uint8Array)) throw wrong('this is neither')
  if (bytes.length === 0 || bytes.length > MOST_BITMASK_BYTES) throw wrong(`${bytes.length} bytes`)
  return bytes.slice()
}

/** Throws `ArgumentsError`. */
export function messageBytes(data: unknown): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new ArgumentsError('publish: data is a Uint8Array')
  if (data.length === 0 || data.length > TAB_LIMITS.messageBytes)
    throw new ArgumentsError(`publish: ${data.length} bytes; a message has 1 to ${TAB_LIMITS.messageBytes}`)
  return data.slice()
}

/** Throws `ArgumentsError`, or `ClientError` `passphrase` for one that is too short to protect anything. */
export function newPassphrase(passphrase: unknown): string {
  const { leastPassphraseCharacters } = TAB_LIMITS
  const text = passphraseOf(passphrase, 'exportIdentity')
  if (text.length < leastPassphraseCharacters)
    throw clientError(
      'passphrase',
      `Give a passphrase of ${leastPassphraseCharacters} characters or more: it is all that protects the file.`,
    )
  return text
}

/** Throws `ArgumentsError`. */
export function passphraseOf(passphrase: unknown, what: string): string {
  if (typeof passphrase !== 'string' || passphrase.length > TAB_LIMITS.passphraseCharacters)
    throw new ArgumentsError(`${what}: a passphrase is text of at most ${TAB_LIMITS.passphraseCharacters} characters`)
  return passphrase
}

/** Throws `ArgumentsError`, or `ClientError` `import` for what cannot be a file of keys. */
export function keyFile(file: unknown): Uint8Array {
  if (!(file instanceof Uint8Array)) throw new ArgumentsError('importIdentity: a file is a Uint8Array')
  if (file.length > TAB_LIMITS.keyFileBytes) throw clientError('import', 'This is too long for a file of keys.')
  return file.slice()
}
