/** What a program of the operator is told of this node's prover, and when gossip refuses what it sends (spec 51 section 5; RPC-08). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { Code, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { concatBytes } from '@noble/hashes/utils.js'
import { envelope } from '@petal/core/codec/index.ts'
import { fromProtobuf } from '@petal/core/codec/protobuf.ts'
import { NodeService } from '@petal/core/gen/node/node_service_pb.js'
import { InboxMessageSchema } from '@petal/core/gen/node/peer_pb.js'
import { MessageBundleSchema } from '@petal/core/gen/node/requests_pb.js'
import { authenticateSend } from '@petal/core/identity/index.ts'
import { GossipService, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { expect, test } from 'vitest'
import { KeyRegistryBook } from '../peers/key-registry-book.ts'
import { PeerBook } from '../peers/peer-book.ts'
import { engine, HOST, SERVER } from '../rpc/testing.ts'
import { openRealChain } from '../state/testing.ts'
import { Frames } from '../testing/frames.ts'
import { type RpcParts, startLocalPort } from './rpc.ts'

const lonelyGossip = async () =>
  new GossipService({ network: 99, identity: hostIdentity(await generateEd448KeyPair()) })

const partsWith = (gossip: GossipService, more: Partial<RpcParts>): RpcParts => ({
  identity: SERVER,
  proverAddress: new Uint8Array(32),
  engine,
  host: HOST,
  source: new Frames(),
  state: undefined,
  registries: new KeyRegistryBook(engine),
  peers: new PeerBook({ engine, self: SERVER.peerId }),
  gossip,
  reachable: () => false,
  onFault: () => undefined,
  ...more,
})

const clientOf = ({ port }: { readonly port: number }) =>
  createClient(NodeService, createGrpcTransport({ baseUrl: `http://${HOST}:${port}` }))

test('RPC-08 GetNodeInfo tells what the registry says of the prover whose key the node has', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-wire-rpc-'))
  const gossip = await lonelyGossip()
  const chain = await openRealChain(directory)
  try {
    const [member] = chain.members
    const state = chain.state
    for (const [proverAddress, seniority, allocations] of [
      [member?.address ?? new Uint8Array(32), Uint8Array.of(1000 >> 8, 1000 & 0xff), 1],
      [new Uint8Array(32), new Uint8Array(0), 0],
    ] as const) {
      const port = await startLocalPort(partsWith(gossip, { proverAddress, source: chain.chain, state }), 0)
      const info = await clientOf(port)
        .getNodeInfo({})
        .finally(() => port.stop())
      expect([info.peerSeniority, info.shardAllocations.length]).toEqual([seniority, allocations])
    }
  } finally {
    await gossip.stop()
    await chain[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  }
})

test('RPC-08 what was published lately is there already; without gossip the port is unavailable for it', async () => {
  const gossip = await lonelyGossip()
  const faults: unknown[] = []
  const port = await startLocalPort(partsWith(gossip, { onFault: (fault) => faults.push(fault) }), 0)
  try {
    const client = clientOf(port)
    const domain = new Uint8Array(32).fill(3)
    const request = create(MessageBundleSchema, { timestamp: 1_700_000_000_000n })
    const bundle = envelope.MessageBundle.encode(
      fromProtobuf(envelope.MessageBundle, toBinary(MessageBundleSchema, request)),
    )
    const send = (number: number) => {
      const delivery = create(InboxMessageSchema, { address: domain, message: Uint8Array.of(number) })
      const payload = concatBytes(bundle, toBinary(InboxMessageSchema, delivery))
      return client.send({
        domain,
        request,
        deliveryData: [delivery],
        authentication: authenticateSend(SERVER, domain, payload, engine),
      })
    }
    await send(1)
    await expect(send(2)).rejects.toMatchObject({ code: Code.AlreadyExists })
    await gossip.stop()
    await expect(send(3)).rejects.toMatchObject({ code: Code.Unavailable })
    expect(faults).toEqual([])
  } finally {
    await port.stop()
    await gossip.stop()
  }
})
