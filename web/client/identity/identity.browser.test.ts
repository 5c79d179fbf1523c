/** The identity on what a browser really has: its storage, its keys, the WebAssembly engine, the cost of a real export. */
import { afterEach, expect, test, vi } from 'vitest'
import { openPeerHost } from '../gossip/open-peer-host.ts'
import type { PeerHost } from '../gossip/peer-host.ts'
import type { PeerAnswers, PeerWish } from '../gossip/wishes.ts'

// A passphrase is derived with 128 MiB, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const hosts: PeerHost[] = []
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop()
  await new Promise((resolve) => {
    indexedDB.deleteDatabase('petal-identity').onsuccess = resolve
  })
})

function host(keep = true): PeerHost {
  const made = openPeerHost({
    keep,
    network: 'local',
    addresses: () => [],
    head: () => null,
    verify: async () => {},
    deliver: () => {},
    share: () => {},
  })
  hosts.push(made)
  return made
}

async function ask<K extends PeerWish['kind']>(
  one: PeerHost,
  wish: Extract<PeerWish, { kind: K }>,
): Promise<PeerAnswers[K]> {
  const outcome = await one.ask(wish)
  if (outcome.kind === 'failed') throw new Error(`${outcome.code}: ${outcome.reason}`)
  return outcome.answer as PeerAnswers[K]
}
const codeOf = async (one: PeerHost, wish: PeerWish): Promise<string> => {
  const outcome = await one.ask(wish)
  return outcome.kind === 'failed' ? outcome.code : 'done'
}

test('the identity is kept for the next visit, behind a key that no script can read', async () => {
  const made = await ask(host(), { kind: 'identity' })
  expect(made).toMatchObject({ protection: 'browser', peerId: expect.stringMatching(/^Qm\w{44}$/) })
  expect(await ask(host(), { kind: 'identity' })).toEqual(made)
  const record = await new Promise<{ readonly lock: { readonly key: CryptoKey } }>((resolve) => {
    indexedDB.open('petal-identity').onsuccess = ({ target }) => {
      const db = (target as IDBOpenDBRequest).result
      const request = db.transaction('identity').objectStore('identity').get('own')
      request.onsuccess = () => {
        db.close()
        resolve(request.result)
      }
    }
  })
  expect(record.lock.key.extractable).toBe(false)
  await expect(crypto.subtle.exportKey('raw', record.lock.key)).rejects.toThrow()
  await expect(crypto.subtle.exportKey('jwk', record.lock.key)).rejects.toThrow()
})

test('export and import at the real cost of a passphrase; a wrong one is told', async () => {
  const one = host()
  const made = await ask(one, { kind: 'identity' })
  const file = await ask(one, { kind: 'export', passphrase: 'correct horse' })
  await ask(one, { kind: 'forget', peerId: made.peerId })
  expect(await codeOf(one, { kind: 'import', file, passphrase: 'wrong horse', replace: false })).toBe('passphrase')
  const taken = await ask(one, { kind: 'import', file, passphrase: 'correct horse', replace: false })
  expect(taken.peerId).toBe(made.peerId)
  const other = host(false)
  expect(await ask(other, { kind: 'identity' })).toMatchObject({ protection: 'memory' })
  expect(await codeOf(other, { kind: 'import', file, passphrase: 'correct horse', replace: false })).toBe('exists')
})

test('without a node a message is signed and goes nowhere', async () => {
  const one = host()
  expect(await ask(one, { kind: 'publish', bitmask: Uint8Array.of(7), data: Uint8Array.of(1) })).toBe(0)
  expect(await ask(one, { kind: 'status' })).toMatchObject({ running: true, host: 'identity', peers: [], published: 1 })
})
