/** What a node is on the network, by its public keys. */
import { peerIdOf, peerIdText } from '@petal/core/identity/index.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { type CollectEngine, type Collected, collect, type KeyReport, reportOf, type Source } from './collect.ts'
import { KEY_TYPES, PEER_KEY_ID, wipe } from './key-types.ts'

export interface NodeSummary extends KeyReport {
  /** `Qm...`; null without an identity. */
  readonly peerId: string | null
  /** 32 bytes, hex; null without a prover key. */
  readonly proverAddress: string | null
  /** `file`: under the passphrase that is stored beside the keys. `none`: the identity is in the clear. */
  readonly protection: 'passphrase' | 'file' | 'none'
}

const PROTECTION = { owner: 'passphrase', file: 'file' } as const

/** Opens every key; nothing private is in the answer. Throws `KeyStoreError`. */
export async function showDirectory(
  source: Source,
  engine: CollectEngine & Pick<FullEngine, 'poseidonHashBytes'>,
): Promise<NodeSummary> {
  const found = await collect(source, engine)
  wipe(...found.stored)
  const peerKey = publicKeyIn(found, PEER_KEY_ID, KEY_TYPES.ed448)
  const proverKey = publicKeyIn(found, found.provingKeyId, KEY_TYPES.blsG1)
  return {
    ...reportOf(found),
    peerId: peerKey && peerIdText(peerIdOf(peerKey)),
    proverAddress: proverKey && Buffer.from(engine.poseidonHashBytes(proverKey)).toString('hex'),
    protection: found.passphraseFrom === null ? 'none' : PROTECTION[found.passphraseFrom],
  }
}

const publicKeyIn = ({ stored }: Collected, id: string, type: number): Uint8Array | null =>
  stored.find((key) => key.id === id && key.type === type)?.publicKey ?? null
