/** Host keys of workers: a worker has a peer id of its own and signs with the node's key (spec 50 section 1; P2P-14, OPS-06). */
import { shake256 } from '@noble/hashes/sha3.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Ed448Signer } from './engine.ts'
import { IdentityError } from './errors.ts'
import { ED448_SEED_BYTES, type Identity, identityOfSeed } from './peer-id.ts'

/** Which bytes of the node's key are hashed: the seed (2.1.0.24), or seed and public key (older nodes). */
export type WorkerDerivation = 'seed' | 'seed-and-public-key'

/** Host identity of worker `coreId` (1 and up) of a node. Throws `IdentityError` `range` for other core ids. */
export function workerIdentity(
  node: Identity,
  coreId: number,
  engine: Ed448Signer,
  derivation: WorkerDerivation = 'seed',
): Identity {
  if (!Number.isSafeInteger(coreId) || coreId < 1)
    throw new IdentityError('range', `core id ${coreId}: workers have ids from 1`)
  const key = derivation === 'seed' ? node.seed : concatBytes(node.seed, node.publicKey)
  const seed = shake256(concatBytes(key, utf8ToBytes(`/worker/${coreId}`)), { dkLen: ED448_SEED_BYTES })
  return identityOfSeed(seed, engine)
}
