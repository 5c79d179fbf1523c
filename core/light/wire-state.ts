/**
 * The kinds of `/petal/light/1.0.0` that carry state: values, shard roots, synchronisation (core/proto/light.proto). `wire.ts` reads and writes
 * whole messages; here is what may be in these.
 */
import type { GetShard, GetState, Shard, State } from '../gen/light_pb.js'
import type { ShardAnswer, StateAnswer, StateQuestion } from '../platform/network.ts'
import { WIRE_LIMITS, WireError } from './wire-limits.ts'

const U64_MAX = 0xffff_ffff_ffff_ffffn
const PHASE_SETS = 4
const LEAF_ROOT = 64
const ROOT_LENGTHS: readonly number[] = [LEAF_ROOT, 74]
const GLOBAL_TREES = 256

/** Fields of a `GetState`. Throws `WireError` for a question that no server would take. */
export function stateQuestionFields(question: StateQuestion) {
  const { frame, domain, phaseSet, addresses } = question
  checkFrame(frame)
  checkAddress(domain, 'domain')
  if (!Number.isInteger(phaseSet) || phaseSet < 0 || phaseSet >= PHASE_SETS) {
    throw new WireError('limit', `phase set ${phaseSet}: there are 0 to ${PHASE_SETS - 1}`)
  }
  if (addresses.length === 0 || addresses.length > WIRE_LIMITS.addresses) {
    throw new WireError('limit', `${addresses.length} addresses: 1 to ${WIRE_LIMITS.addresses} are taken`)
  }
  for (const address of addresses) checkAddress(address, 'address')
  if (new Set(addresses.map((address) => address.join())).size !== addresses.length) {
    throw new WireError('limit', 'an address is asked for twice')
  }
  return { frame: frame ?? 0n, domain, phaseSet, addresses: [...addresses] }
}

export function readStateQuestion({ frame, domain, phaseSet, addresses }: GetState): StateQuestion {
  const question = { frame: frame === 0n ? null : frame, domain, phaseSet, addresses }
  stateQuestionFields(question)
  return question
}

export function shardQuestionFields(domain: Uint8Array, frame: bigint | null) {
  checkFrame(frame)
  checkAddress(domain, 'domain')
  return { domain, frame: frame ?? 0n }
}

export function readShardQuestion({ domain, frame }: GetShard): { domain: Uint8Array; frame: bigint | null } {
  const question = { domain, frame: frame === 0n ? null : frame }
  shardQuestionFields(domain, question.frame)
  return question
}

/** Fields of a `State`. */
export function stateFields(answer: StateAnswer) {
  const { frame, root, present, proof, shard, leaf } = answer
  checkFrame(frame)
  checkRoot(root)
  if (present.length === 0 || present.length > WIRE_LIMITS.addresses) {
    throw new WireError('limit', `an answer for ${present.length} addresses: 1 to ${WIRE_LIMITS.addresses} are taken`)
  }
  if (leaf !== undefined) checkOnlyLeaf(answer)
  else if (present.includes(true) !== proof.length > 0)
    throw new WireError('decode', 'a proof of nothing, or none of something')
  const fields = { frame, root, present: [...present], proof, ...(leaf === undefined ? {} : { leaf }) }
  return shard === null ? fields : { ...fields, shard: shardFields(shard) }
}

export function readState({ frame, root, present, proof, shard, leaf }: State): StateAnswer {
  const known = { frame, root, present, proof, shard: shard === undefined ? null : readShard(shard) }
  const answer = leaf === undefined ? known : { ...known, leaf }
  stateFields(answer)
  return answer
}

/** Fields of a `Shard`. */
export function shardFields(answer: ShardAnswer) {
  const { frame, roots, tree, proof } = answer
  checkFrame(frame)
  if (roots.length !== PHASE_SETS) throw new WireError('decode', `a shard has ${PHASE_SETS} roots, not ${roots.length}`)
  roots.forEach(checkRoot)
  if (!Number.isInteger(tree) || tree < 0 || tree >= GLOBAL_TREES) throw new WireError('limit', `global tree ${tree}`)
  if (proof.length === 0) throw new WireError('decode', 'a shard without proof')
  return { frame, roots: [...roots], tree, proof }
}

export function readShard({ frame, roots, tree, proof }: Shard): ShardAnswer {
  const answer = { frame, roots, tree, proof }
  shardFields(answer)
  return answer
}

export function checkSyncQuery(query: Uint8Array): Uint8Array {
  if (query.length === 0) throw new WireError('decode', 'empty query of the synchronisation')
  if (query.length > WIRE_LIMITS.syncQueryBytes) {
    throw new WireError('limit', `query of ${query.length} bytes, at most ${WIRE_LIMITS.syncQueryBytes} are taken`)
  }
  return query
}

export function checkSyncResponse(response: Uint8Array): Uint8Array {
  if (response.length === 0) throw new WireError('decode', 'empty answer of the synchronisation')
  return response
}

export function checkFrame(frame: bigint | null): void {
  if (frame !== null && (frame < 0n || frame > U64_MAX)) throw new WireError('limit', 'a frame number leaves 64 bits')
}

export function checkAddress(address: Uint8Array, what: string): void {
  if (address.length === WIRE_LIMITS.addressBytes) return
  throw new WireError('limit', `${what} of ${address.length} bytes instead of ${WIRE_LIMITS.addressBytes}`)
}

/** A leaf stands for the proof of one key in a set of one leaf, whose root has the length of a hash. */
function checkOnlyLeaf({ root, present, proof }: StateAnswer): void {
  const one = present.filter((there) => there).length === 1
  if (!one || proof.length > 0 || root.length !== LEAF_ROOT)
    throw new WireError('decode', 'a leaf that is not the only one')
}

export function checkRoot(root: Uint8Array): void {
  if (!ROOT_LENGTHS.includes(root.length))
    throw new WireError('decode', `root of ${root.length} bytes: it has 64 or 74`)
}
