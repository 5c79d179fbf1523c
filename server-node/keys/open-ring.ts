/** The keys that `petal-node start` works with: from the data directory, or partly from the directory of another node. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { COMMITTEE_KEY_IDS } from '../chain/committee.ts'
import { GENESIS_FILE } from '../chain/genesis.ts'
import { removeLeftovers } from '../data/files.ts'
import { SECRETS_FILE, Secrets } from '../data/secrets.ts'
import type { CollectEngine } from './collect.ts'
import { KeyStoreError, nodeErrorOf } from './errors.ts'
import { isThere } from './files.ts'
import { KeyRing } from './key-ring.ts'
import type { KeyStoreOptions } from './key-store.ts'
import { KEY_TYPES, PEER_KEY_ID, type StoredKey, wipe } from './key-types.ts'
import { readNodeKeys } from './node-keys.ts'
import { ED25519_IDENTITY, forgetOldCommittee, oldCommitteeKeys } from './old-secrets.ts'
import { KEYS_FILE, type OwnKeys, openOwnKeys } from './own-store.ts'
import { PASSPHRASE_FILE } from './passphrase.ts'
import { requireSame } from './read-back.ts'
import { type MakingEngine, missingStandardKeys, newKey } from './standard-keys.ts'

export interface RingOptions extends KeyStoreOptions {
  /** A locked data directory. */
  readonly directory: string
  readonly passphrase?: string | undefined
  /** Directory of another node (`config.yml`, `keys.yml`), whose identity and prover key are used. It is only read. */
  readonly nodeDirectory?: string | undefined
  /** The keys of the local network's committee are wanted. */
  readonly committee: boolean
  readonly engine: MakingEngine & CollectEngine
  /** Told what a person should know: keys that were made, moved or put under another passphrase. */
  notice(message: string): void
}

/** What a data directory holds for its owner alone. */
export interface Opened {
  readonly keys: KeyRing
  readonly secrets: Secrets
}

const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count))

/** Keys of a node without a data directory: those of another node, or new ones that last as long as the process. Throws `NodeError` `keys`. */
export async function ringWithoutData({
  nodeDirectory,
  engine,
  notice,
}: Pick<RingOptions, 'nodeDirectory' | 'engine' | 'notice'>): Promise<KeyRing> {
  if (nodeDirectory === undefined) return new KeyRing(missingStandardKeys([], random, engine))
  return new KeyRing(await readNodeKeys(nodeDirectory, engine, notice))
}

/**
 * Opens the keys, makes those that were never there, and moves what an earlier version kept in `secrets.json`: the new file is durable and
 * read back before anything is taken out of the old one. A wrong passphrase changes nothing. Throws `NodeError` `passphrase`, `corrupt`,
 * `data`, `keys`.
 */
export async function openRing(options: RingOptions): Promise<Opened> {
  const { directory, nodeDirectory, engine, notice } = options
  const others = nodeDirectory === undefined ? undefined : await readNodeKeys(nodeDirectory, engine, notice)
  try {
    await removeLeftovers(directory, [KEYS_FILE, `${KEYS_FILE}.bak`, PASSPHRASE_FILE, SECRETS_FILE])
    const { own, secrets } = await openOwn(options)
    tell(own, secrets, options)
    if (others === undefined) return { keys: new KeyRing(own.keys), secrets }
    const used = own.keys.filter(({ id }) => COMMITTEE_KEY_IDS.includes(id))
    wipe(...own.keys.filter((key) => !used.includes(key)))
    return { keys: new KeyRing([...others, ...used]), secrets }
  } catch (error) {
    wipe(...(others ?? []))
    throw nodeErrorOf(error, 'corrupt')
  }
}

async function openOwn(options: RingOptions): Promise<{ readonly own: OwnKeys; readonly secrets: Secrets }> {
  const { directory, passphrase, nodeDirectory, committee, engine } = options
  const running = await isThere(join(directory, GENESIS_FILE))
  let opening: Promise<Secrets> | undefined
  const openSecrets = () => {
    opening ??= Secrets.open(directory, passphrase)
    return opening
  }
  let old: readonly StoredKey[] = []
  try {
    const own = await openOwnKeys({
      ...options,
      missing: async (present) => {
        // Not before the passphrase is known to be right: this encrypts the secrets under it.
        const secrets = await openSecrets()
        if (committee) old = oldCommitteeKeys(secrets, engine)
        return [
          ...(nodeDirectory === undefined ? missingStandardKeys(present, random, engine) : []),
          ...(committee ? missingCommittee(present, old, running, engine) : []),
        ]
      },
    })
    const secrets = await openSecrets()
    if (old.length > 0) await takeOut(old, own, secrets, options)
    return { own, secrets }
  } finally {
    wipe(...old)
  }
}

/** The old entries go when the same keys stand in the new file. */
async function takeOut(
  old: readonly StoredKey[],
  { keys }: OwnKeys,
  secrets: Secrets,
  { notice }: RingOptions,
): Promise<void> {
  const ids = old.map(({ id }) => id)
  const moved = keys.filter(({ id }) => ids.includes(id))
  requireSame(old, moved)
  await forgetOldCommittee(secrets)
  notice(`the keys of the committee moved from ${SECRETS_FILE} to ${KEYS_FILE}`)
}

/** Keys of a committee are made once, before its network begins: later they are lost, not missing (hazard OPS-H14). */
function missingCommittee(
  present: readonly string[],
  old: readonly StoredKey[],
  running: boolean,
  engine: MakingEngine,
): StoredKey[] {
  return COMMITTEE_KEY_IDS.filter((id) => !present.includes(id)).map((id) => {
    const moved = old.find((key) => key.id === id)
    if (moved !== undefined) return { ...moved, privateKey: moved.privateKey.slice() }
    if (running)
      throw new KeyStoreError(
        'missing',
        `the network's key ${id} is gone: restore ${KEYS_FILE}, or choose another --data-dir`,
      )
    return newKey(id, KEY_TYPES.blsG1, random, engine)
  })
}

function tell(
  { made, passphraseFrom, changed }: OwnKeys,
  secrets: Secrets,
  { notice, nodeDirectory }: RingOptions,
): void {
  if (made.length > 0) {
    const how =
      passphraseFrom === 'owner'
        ? 'encrypted under PETAL_PASSPHRASE'
        : `encrypted under a passphrase in ${PASSPHRASE_FILE} beside it, so only against who cannot read that file: set PETAL_PASSPHRASE to change that`
    notice(`${made.length} keys are new in ${KEYS_FILE}, ${how}`)
  }
  if (changed) notice(`the keys are under PETAL_PASSPHRASE now, ${PASSPHRASE_FILE} is removed: set it at every start`)
  if (made.includes(PEER_KEY_ID) && secrets.get(ED25519_IDENTITY) !== undefined && nodeDirectory === undefined)
    notice('this node has a new identity (Ed448): its addresses change once; the old one is left in secrets.json')
}
