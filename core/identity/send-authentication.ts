/** What authorises a call of NodeService.Send: the node's own key (spec 51 section 5; RPC-08). */
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Ed448Signer, Ed448Verifier } from './engine.ts'
import { IdentityError } from './errors.ts'
import type { Identity } from './peer-id.ts'

const DOMAIN_BYTES = 32

const signedBytes = (domain: Uint8Array, payload: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes('NODE_AUTHENTICATION'), domain, payload)

/**
 * Signs a request to one's own node. `domain`: 32 bytes, all ff for the global prover messages. `payload`: canonical bytes of the
 * bundle, then the protobuf bytes of each delivery. Throws `IdentityError` `length` for another domain or an empty payload.
 */
export function authenticateSend(
  identity: Identity,
  domain: Uint8Array,
  payload: Uint8Array,
  engine: Ed448Signer,
): Uint8Array {
  if (domain.length !== DOMAIN_BYTES || payload.length === 0)
    throw new IdentityError('length', `domain of ${domain.length} bytes and payload of ${payload.length}`)
  return engine.ed448Sign(identity.seed, signedBytes(domain, payload))
}

/** Whether the operator of the node with this key made the request. An empty payload is never authorised. */
export function verifySend(
  nodePublicKey: Uint8Array,
  domain: Uint8Array,
  payload: Uint8Array,
  authentication: Uint8Array,
  engine: Ed448Verifier,
): boolean {
  if (domain.length !== DOMAIN_BYTES || payload.length === 0) return false
  return engine.ed448Verify(nodePublicKey, signedBytes(domain, payload), authentication)
}
