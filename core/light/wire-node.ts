/**
 * The kinds of `/petal/light/1.0.0` that nodes ask of each other: the description of the network, and the shards of a frame's state
 * (core/proto/light.proto).
 */
import type { GetShards, Shards } from '../gen/light_pb.js'
import type { ListedShard, ShardsAnswer } from '../platform/network.ts'
import type { ShardRoots } from '../platform/state.ts'
import { compareBytes } from '../state/bytes.ts'
import { WIRE_LIMITS, WireError } from './wire-limits.ts'
import { checkAddress, checkFrame, checkRoot } from './wire-state.ts'

/** Throws `WireError` `limit` for a description that no message can carry. */
export function descriptionBytes(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  checkDescription(bytes)
  return bytes
}

export function readDescription(bytes: Uint8Array): string {
  checkDescription(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new WireError('decode', 'a description that is not UTF-8', { cause })
  }
}

function checkDescription({ length }: Uint8Array): void {
  if (length === 0) throw new WireError('decode', 'an empty description')
  if (length > WIRE_LIMITS.descriptionBytes) throw new WireError('limit', `a description of ${length} bytes`)
}

/** Fields of a `GetShards`. Throws `WireError` for a question that no server would take. */
export function shardsQuestionFields(frame: bigint | null, after: Uint8Array | null) {
  checkFrame(frame)
  if (after !== null) checkAddress(after, 'shard')
  return { frame: frame ?? 0n, after: after ?? new Uint8Array(0) }
}

export function readShardsQuestion({ frame, after }: GetShards): { frame: bigint | null; after: Uint8Array | null } {
  const question = { frame: frame === 0n ? null : frame, after: after.length === 0 ? null : after }
  shardsQuestionFields(question.frame, question.after)
  return question
}

/** Fields of a `Shards`. */
export function shardsFields(answer: ShardsAnswer) {
  checkShards(answer)
  const { frame, shards, more } = answer
  const fields = shards.map(({ domain, roots: [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves] }) => ({
    domain,
    vertexAdds,
    vertexRemoves,
    hyperedgeAdds,
    hyperedgeRemoves,
  }))
  return { frame, shards: fields, more }
}

export function readShards({ frame, shards, more }: Shards): ShardsAnswer {
  const listed = shards.map(({ domain, vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves }): ListedShard => {
    const roots: ShardRoots['roots'] = [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves]
    return { domain, roots }
  })
  const answer = { frame, shards: listed, more }
  checkShards(answer)
  return answer
}

function checkShards({ frame, shards, more }: ShardsAnswer): void {
  checkFrame(frame)
  if (shards.length > WIRE_LIMITS.shards) throw new WireError('limit', `${shards.length} shards in one answer`)
  if (more && shards.length === 0) throw new WireError('decode', 'more shards behind none')
  let before: Uint8Array | undefined
  for (const { domain, roots } of shards) {
    checkAddress(domain, 'shard')
    if (before !== undefined && compareBytes(before, domain) >= 0)
      throw new WireError('decode', 'shards out of order or repeated')
    roots.forEach(checkRoot)
    before = domain
  }
}
