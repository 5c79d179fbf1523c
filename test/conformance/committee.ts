import type { EngineCommittee, FullEngine } from '../../core/platform/engine.ts'
import type { Checks } from './checks.ts'
import { Malformed } from './fields.ts'
import type { VectorFile } from './runner.ts'

/** The committee that a frames file lists, in index order. */
export interface ListedCommittee {
  readonly addresses: readonly string[]
  readonly publicKeys: readonly string[]
  readonly totalWeight: bigint
  /** `quorum_threshold` of the file; null = floor(2W/3). */
  readonly threshold: bigint | null
  /** JSON argument of the engine calls. */
  readonly json: string
}

export function listedCommittee(file: VectorFile): ListedCommittee {
  const members = file.document.children('committee').map((member) => ({
    index: member.integer('index'),
    address: member.hex('address'),
    publicKey: member.hex('public_key'),
    weight: member.integer('weight'),
  }))
  for (const [index, member] of members.entries())
    if (member.index !== BigInt(index)) throw new Malformed('the committee is not listed in index order')
  const threshold = file.document.has('quorum_threshold') ? file.document.integer('quorum_threshold') : null
  const committee: EngineCommittee = {
    members: members.map(({ publicKey, weight }) => ({ publicKey, weight: weight.toString() })),
    threshold: threshold?.toString() ?? null,
  }
  return {
    addresses: members.map((member) => member.address),
    publicKeys: members.map((member) => member.publicKey),
    totalWeight: members.reduce((sum, member) => sum + member.weight, 0n),
    threshold,
    json: JSON.stringify(committee),
  }
}

/** The list is in index order by address = P(key), and the file's own sums are right (spec 30 section 2). */
export function checkCommittee(file: VectorFile, committee: ListedCommittee, engine: FullEngine, check: Checks): void {
  check.gives('committee addresses', committee.addresses, () => {
    const handle = new engine.Committee(committee.json)
    try {
      return JSON.parse(handle.addresses())
    } finally {
      handle.free()
    }
  })
  if (file.document.has('total_weight'))
    check.equal('total_weight', file.document.integer('total_weight'), committee.totalWeight)
  if (committee.threshold !== null)
    check.equal('quorum_threshold', committee.threshold, (2n * committee.totalWeight) / 3n)
}
