/** The four BLS keys of a local network, kept with the other keys of the node. */
import type { Crypto } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee } from '@petal/core/platform/engine.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { LOCAL } from './local-profile.ts'

/** A member that can vote. The secret key lives in memory while the node runs. */
export interface Member {
  readonly address: Uint8Array
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** Ids of the members' keys, of type 2. No other node knows them. */
export const COMMITTEE_KEY_IDS: readonly string[] = Array.from(
  { length: LOCAL.committeeSize },
  (_, index) => `local-committee-${index + 1}`,
)

/**
 * The members whose keys are in the ring, by ascending address: the order of the bitmask (spec 11 section 4.3). They hold the ring's own
 * bytes, and end with it. Throws `KeyStoreError` `missing`.
 */
export async function openMembers(crypto: Pick<Crypto, 'hashBytes'>, keys: KeyRing): Promise<readonly Member[]> {
  const members = COMMITTEE_KEY_IDS.map(async (id): Promise<Member> => {
    const { publicKey, privateKey } = keys.get(id)
    return { address: await crypto.hashBytes(publicKey), publicKey, secretKey: privateKey }
  })
  return (await Promise.all(members)).sort((a, b) => Buffer.compare(a.address, b.address))
}

export function committeeOf(publicKeys: readonly Uint8Array[]): EngineCommittee {
  return {
    members: publicKeys.map((publicKey) => ({
      publicKey: Buffer.from(publicKey).toString('hex'),
      weight: LOCAL.seniority.toString(),
    })),
    threshold: null,
  }
}
