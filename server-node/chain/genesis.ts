/** Genesis of a local network: made on first run, `genesis.json` in the data directory (spec 11 section 4.5, 31 section 10.3). */
import { join } from 'node:path'
import { type Crypto, CryptoError, type HeaderFacts } from '@petal/core/platform/crypto.ts'
import type { EngineRules } from '@petal/core/platform/engine.ts'
import { PUBLIC_MODE, readFileIfPresent, writeFileDurable } from '../data/files.ts'
import { NodeError } from '../errors.ts'
import type { Member } from './committee.ts'
import type { StateRoots } from './ledger.ts'
import { LOCAL } from './local-profile.ts'

export const GENESIS_FILE = 'genesis.json'

export interface Genesis {
  /** Difficulty of every frame: the local profile does not adjust it. */
  readonly difficulty: number
  /** Public keys in ascending address order. */
  readonly publicKeys: readonly Uint8Array[]
  /** Protobuf bytes of frame 0, and its facts. */
  readonly header: Uint8Array
  readonly facts: HeaderFacts
}

interface GenesisFile {
  readonly format: 1
  readonly network: string
  readonly profile: string
  /** Hex. */
  readonly committee: readonly string[]
  readonly header: string
}

/** Reads the genesis, or undefined on first run. Throws `NodeError` `corrupt`, also when the committee is not the members. */
export async function readGenesis(
  directory: string,
  crypto: Crypto,
  members: readonly Member[],
): Promise<Genesis | undefined> {
  const path = join(directory, GENESIS_FILE)
  const content = await readFileIfPresent(path)
  if (content === undefined) return undefined
  const file = parse(path, content.toString('utf8'))
  const publicKeys = members.map(({ publicKey }) => publicKey)
  if (file.committee.join() !== publicKeys.map(toHex).join()) {
    throw new NodeError('corrupt', `the committee of ${path} is not the one whose keys are in keys.json`)
  }
  const header = new Uint8Array(Buffer.from(file.header, 'hex'))
  const facts = await inspectStored(crypto, header, path)
  if (facts.number !== LOCAL.genesisNumber) throw new NodeError('corrupt', `${path} holds frame ${facts.number}`)
  return { difficulty: facts.difficulty, publicKeys, header, facts }
}

/** Facts of a header that this program wrote down itself. Throws `NodeError` `corrupt`. */
export async function inspectStored(crypto: Crypto, header: Uint8Array, path: string): Promise<HeaderFacts> {
  try {
    return await crypto.inspectHeader(header)
  } catch (error) {
    if (!(error instanceof CryptoError && error.code === 'decode')) throw error
    throw new NodeError('corrupt', `${path} holds a header that cannot be read: ${error.message}`, { cause: error })
  }
}

/** Makes frame 0 over the state `roots` and writes it down. `timestamp`: wall clock, milliseconds. */
export async function createGenesis(
  directory: string,
  crypto: Crypto,
  members: readonly Member[],
  roots: StateRoots,
  difficulty: number,
  timestamp: number,
): Promise<Genesis> {
  const empty = new Uint8Array(0)
  const header = await crypto.buildHeader({
    number: LOCAL.genesisNumber,
    rank: 0n,
    timestamp: BigInt(timestamp),
    difficulty,
    output: new Uint8Array(LOCAL.outputBytes),
    parentSelector: new Uint8Array(LOCAL.selectorBytes),
    ...roots,
    requestsRoot: new Uint8Array(LOCAL.requestsRootBytes),
    prover: members[0]?.address ?? empty,
    signature: { signature: empty, publicKey: empty, bitmask: empty },
  })
  const publicKeys = members.map(({ publicKey }) => publicKey)
  const file: GenesisFile = {
    format: 1,
    network: LOCAL.network,
    profile: LOCAL.profile,
    committee: publicKeys.map(toHex),
    header: toHex(header),
  }
  await writeFileDurable(join(directory, GENESIS_FILE), JSON.stringify(file, null, 1), PUBLIC_MODE)
  return { difficulty, publicKeys, header, facts: await crypto.inspectHeader(header) }
}

/** Rules that every frame of this network is checked against. */
export function rulesOf(genesis: Genesis): EngineRules {
  return {
    genesisNumber: LOCAL.genesisNumber.toString(),
    genesisIdentity: toHex(genesis.facts.identity),
    proverInCommittee: true,
    difficultyFloor: LOCAL.difficultyFloor,
  }
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function parse(path: string, text: string): GenesisFile {
  try {
    const file = JSON.parse(text)
    const texts = [file.header, ...file.committee]
    if (
      file.format === 1 &&
      file.network === LOCAL.network &&
      texts.every((value) => value.length % 2 === 0 && /^[0-9a-f]+$/.test(value))
    ) {
      return file
    }
  } catch {
    // Falls through: whatever is wrong with it, it is not ours.
  }
  throw new NodeError('corrupt', `${path} is not a genesis of a local network`)
}
