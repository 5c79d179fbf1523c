/** Whether a PeerInfo that arrived is worth anything (spec 51 section 2; RPC-05, hazard RPC-H5). Pure: bytes and the clock decide. */
import { multiaddr } from '@multiformats/multiaddr'
import { CodecError, node } from '@petal/core/codec/index.ts'
import {
  type Ed448Verifier,
  type PeerInfo,
  peerInfoFault,
  peerInfoIsTimely,
  verifyPeerInfo,
} from '@petal/core/identity/index.ts'

/** Longest record that is read. */
export const PEER_INFO_BYTES = 64 << 10
/** Longest address that is parsed. */
const ADDRESS_CHARACTERS = 512

/** `accept`: use it and pass it on at once. `ignore`: neither, and no fault of the sender. `reject`: refused, and counts against the sender. */
export type PeerInfoJudgement =
  | { readonly verdict: 'accept'; readonly info: PeerInfo }
  | { readonly verdict: 'ignore' | 'reject'; readonly reason: string }

/** Never throws for any bytes. What costs little comes first, the signature last. `nowMillis`: Unix milliseconds. */
export function judgePeerInfo(bytes: Uint8Array, nowMillis: number, engine: Ed448Verifier): PeerInfoJudgement {
  if (bytes.length > PEER_INFO_BYTES) return { verdict: 'reject', reason: `a record of ${bytes.length} bytes` }
  const info = decode(bytes)
  if (info === null) return { verdict: 'reject', reason: 'not the canonical bytes of a PeerInfo' }
  const fault = peerInfoFault(info, isMultiaddr)
  if (fault !== null) return { verdict: 'reject', reason: fault }
  if (!peerInfoIsTimely(info, BigInt(Math.trunc(nowMillis))))
    return { verdict: 'ignore', reason: 'too old, or ahead of the clock' }
  const verdict = verifyPeerInfo(info, engine)
  return verdict.valid ? { verdict: 'accept', info } : { verdict: 'reject', reason: verdict.text }
}

export function isMultiaddr(text: string): boolean {
  if (text.length > ADDRESS_CHARACTERS) return false
  try {
    // Values of components are read only where bytes are made of them.
    return multiaddr(text).bytes.length > 0
  } catch {
    return false
  }
}

function decode(bytes: Uint8Array): PeerInfo | null {
  try {
    return node.PeerInfo.decode(bytes)
  } catch (error) {
    if (error instanceof CodecError) return null
    throw error
  }
}
