/** KeyRegistryService over the peer listener, as the node's own tools call it (spec 51 section 5; RPC-06). */
import { Code } from '@connectrpc/connect'
import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { KeyRegistryService } from '@petal/core/gen/node/global_service_pb.js'
import type { EngineKeyPair } from '@petal/core/platform/engine.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KeyRegistryBook } from '../../peers/key-registry-book.ts'
import type { PeerConnection } from '../peer-client.ts'
import type { PeerServer } from '../peer-server.ts'
import { dialTest, engine, identityOf, OTHER, SERVER, startTestRpc } from '../testing.ts'

const owner = identityOf(40)
const prover = JSON.parse(engine.blsGenerateKey(new Uint8Array(64).fill(3))) as EngineKeyPair
const [publicKey, secretKey, address] = [prover.publicKey, prover.secretKey, prover.address].map(hexToBytes) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const DOMAIN = utf8ToBytes('KEY_REGISTRY')
const book = new KeyRegistryBook(engine)

let server: PeerServer
let peer: PeerConnection
beforeAll(async () => {
  server = await startTestRpc({ registries: book })
  peer = await dialTest(server.port, SERVER)
})
afterAll(async () => {
  peer.close()
  await server.stop()
})
const client = () => peer.client(KeyRegistryService)

test('for the own peer id only', async () => {
  const stranger = await dialTest(server.port, OTHER)
  await expect(stranger.client(KeyRegistryService).getKeyRegistry({})).rejects.toMatchObject({
    code: Code.PermissionDenied,
  })
  stranger.close()
})

test('a registry is kept when both keys and both cross signatures came and hold', async () => {
  const identityKey = { keyValue: owner.publicKey }
  const provingKey = { publicKey: { keyValue: publicKey }, popSignature: hexToBytes(prover.proofOfPossession) }
  const cross = {
    identityKeyAddress: owner.peerId,
    provingKeyAddress: address,
    identityKeySignatureOfProvingKey: engine.ed448Sign(owner.seed, new Uint8Array([...DOMAIN, ...publicKey])),
    provingKeySignatureOfIdentityKey: engine.blsSign(secretKey, owner.publicKey, DOMAIN),
  }
  expect((await client().putCrossSignature(cross)).error).toContain('both keys first')
  expect((await client().putIdentityKey({ address: OTHER.peerId, identityKey })).error).toContain('peer id')
  expect((await client().putIdentityKey({ address: owner.peerId, identityKey })).error).toBe('')
  for (const popSignature of [new Uint8Array(), new Uint8Array(74), cross.provingKeySignatureOfIdentityKey])
    expect((await client().putProvingKey({ provingKey: { ...provingKey, popSignature } })).error).toContain(
      'possession',
    )
  expect(
    (await client().putProvingKey({ provingKey: { publicKey: { keyValue: new Uint8Array(585) } } })).error,
  ).toContain('possession')
  expect((await client().putProvingKey({ provingKey })).error).toBe('')
  const { identityKeySignatureOfProvingKey: right } = cross
  const wrong = {
    ...cross,
    identityKeySignatureOfProvingKey: right.map((byte, index) => (index === 3 ? byte ^ 1 : byte)),
  }
  expect((await client().putCrossSignature(wrong)).error).toContain('identity signature')
  expect((await client().getKeyRegistry({ identityKeyAddress: owner.peerId })).error).toContain('no such registry')
  expect((await client().putCrossSignature(cross)).error).toBe('')

  const { registry } = await client().getKeyRegistry({ identityKeyAddress: owner.peerId })
  expect(registry).toMatchObject({ identityKey: { keyValue: owner.publicKey }, proverKey: { keyValue: publicKey } })
  expect((await client().getKeyRegistryByProver({ proverKeyAddress: address })).registry).toEqual(registry)
  expect((await client().getIdentityKey({ address: owner.peerId })).key?.keyValue).toEqual(owner.publicKey)
  expect((await client().getProvingKey({ address })).key?.publicKey?.keyValue).toEqual(publicKey)
  expect((await client().getProvingKey({ address: owner.peerId })).error).toContain('no such key')
  expect((await client().getSignedKeysByParent({ parentKeyAddress: owner.peerId })).keys).toEqual([])
  const ranged: Uint8Array[] = []
  for await (const { key } of client().rangeIdentityKeys({})) ranged.push(key?.keyValue ?? new Uint8Array())
  expect(ranged).toEqual([owner.publicKey])
  expect(book.proverOf(owner.peerId)).toEqual(address)
})

test('a sub-key alone has no content here, and says so', async () => {
  await expect(client().putSignedKey({})).rejects.toMatchObject({
    code: Code.Unimplemented,
    rawMessage: expect.stringContaining('whole registry'),
  })
})
