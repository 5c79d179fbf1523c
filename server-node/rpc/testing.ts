/** Listeners and identities for the tests of this room: real sockets on loopback, free ports. */
import { create, toBinary } from '@bufbuild/protobuf'
import { GlobalFrameHeaderSchema } from '@petal/core/gen/node/consensus_pb.js'
import { type Identity, identityOfSeed } from '@petal/core/identity/index.ts'
import { loadAddon } from '../crypto/addon.ts'
import { KeyRegistryBook } from '../peers/key-registry-book.ts'
import { Frames } from '../testing/frames.ts'
import { tlsMaterial } from './own-certificate.ts'
import { connectPeer, type PeerConnection } from './peer-client.ts'
import { type PeerRpcOptions, startPeerRpc } from './peer-rpc.ts'
import type { PeerServer } from './peer-server.ts'

export const engine = loadAddon()
export const HOST = '127.0.0.1'

/** A different identity for each number. */
export const identityOf = (number: number): Identity => identityOfSeed(new Uint8Array(57).fill(number), engine)

export const SERVER = identityOf(1)
export const OTHER = identityOf(2)

/** Frames with headers that have a number and nothing else. */
export class NumberedFrames extends Frames {
  override bytes(number: bigint): Uint8Array {
    return toBinary(GlobalFrameHeaderSchema, create(GlobalFrameHeaderSchema, { frameNumber: number }))
  }
}

/** A listener of `SERVER` with made-up frames, unless told otherwise. */
export const startTestRpc = (options: Partial<PeerRpcOptions> = {}): Promise<PeerServer> =>
  startPeerRpc({
    identity: SERVER,
    engine,
    host: HOST,
    port: 0,
    source: new Frames(),
    registries: new KeyRegistryBook(engine),
    ...options,
  })

export const dialTest = (
  port: number,
  identity: Identity = OTHER,
  peerId: Uint8Array | null = SERVER.peerId,
): Promise<PeerConnection> =>
  connectPeer({ host: HOST, port, peerId }, { material: tlsMaterial(identity, engine), engine })
