/**
 * What `secrets.json` held before there was a key store: the committee of the local network as key material, which moves to the store, and
 * an Ed25519 host key, which stays where it is.
 */
import { COMMITTEE_KEY_IDS } from '../chain/committee.ts'
import type { Secrets } from '../data/secrets.ts'
import type { StoredKey } from './key-types.ts'
import { blsKeyOf, type MakingEngine } from './standard-keys.ts'

/** Host key of key type Ed25519, as a libp2p record. */
export const ED25519_IDENTITY = 'peer-identity'

/** The secret that became the key of that index. */
const oldName = (index: number): string => `committee-${index}`

/** The committee's keys that are still there, under the ids of the store. Throws `NodeError` `passphrase`. */
export function oldCommitteeKeys(secrets: Secrets, engine: MakingEngine): StoredKey[] {
  return COMMITTEE_KEY_IDS.flatMap((id, index) => {
    const material = secrets.get(oldName(index))
    return material === undefined ? [] : [blsKeyOf(id, material, engine)]
  })
}

/** Takes them out; durable when it resolves. */
export const forgetOldCommittee = (secrets: Secrets): Promise<void> =>
  secrets.remove(COMMITTEE_KEY_IDS.map((_, index) => oldName(index)))
