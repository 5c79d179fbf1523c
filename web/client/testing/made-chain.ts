/** Frames certified by keys of our own, for what no recording has: two certified frames of one number. For tests only. */
import type { Crypto, HeaderFields } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee, EngineKeyPair } from '@petal/core/platform/engine.ts'

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const DIFFICULTY = 50

export interface MadeCommittee {
  readonly keys: readonly EngineKeyPair[]
  readonly committee: EngineCommittee
}

/** `size` members of weight 1000, in index order. */
export async function makeCommittee(crypto: Crypto, size: number): Promise<MadeCommittee> {
  const keys = await Promise.all(
    Array.from({ length: size }, (_, i) => crypto.generateKey(new Uint8Array(48).fill(i + 1))),
  )
  keys.sort((a, b) => (a.address < b.address ? -1 : 1))
  return { keys, committee: { members: keys.map(({ publicKey }) => ({ publicKey, weight: '1000' })), threshold: null } }
}

/** A header that all members certify (spec 11 sections 4.1 to 4.3). */
export async function makeFrame(
  crypto: Crypto,
  { keys }: MadeCommittee,
  wish: { readonly number: bigint; readonly rank: bigint; readonly parent: Uint8Array; readonly timestamp: bigint },
): Promise<Uint8Array> {
  const fields: HeaderFields = {
    number: wish.number,
    rank: wish.rank,
    timestamp: wish.timestamp,
    difficulty: DIFFICULTY,
    output: new Uint8Array(516),
    parentSelector: wish.parent,
    globalCommitments: Array.from({ length: 256 }, () => new Uint8Array(64)),
    proverTreeCommitment: new Uint8Array(64),
    requestsRoot: new Uint8Array(64),
    prover: fromHex(keys[0]?.address ?? ''),
    signature: { signature: new Uint8Array(0), publicKey: new Uint8Array(0), bitmask: new Uint8Array(0) },
  }
  const { challenge } = await crypto.inspectHeader(await crypto.buildHeader(fields))
  const output = await crypto.solveVdf(challenge, DIFFICULTY)
  const { identity } = await crypto.inspectHeader(await crypto.buildHeader({ ...fields, output }))
  const vote = new Uint8Array(40)
  vote.set(identity)
  new DataView(vote.buffer).setBigUint64(32, wish.rank)
  const domain = new TextEncoder().encode('global')
  const votes = await Promise.all(keys.map((key) => crypto.sign(fromHex(key.secretKey), vote, domain)))
  return await crypto.buildHeader({
    ...fields,
    output,
    signature: {
      signature: await crypto.aggregateSignatures(votes),
      publicKey: await crypto.aggregateKeys(keys.map((key) => fromHex(key.publicKey))),
      bitmask: Uint8Array.of((1 << keys.length) - 1),
    },
  })
}
