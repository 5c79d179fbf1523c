import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { EngineCommittee, EngineRules } from '../../core/platform/engine.ts'
import type { KitData } from './kit.ts'

const chain = new URL('../vectors/frames/global_chain.json', import.meta.url)
const traversals = new URL('../vectors/tries/traversal.json', import.meta.url)
const CHALLENGES = 20

interface Chain {
  readonly committee: readonly { readonly public_key: string; readonly weight: number }[]
  readonly quorum_threshold: number
  readonly cases: readonly { readonly header_pb: string; readonly quorum?: boolean }[]
}

interface Traversals {
  readonly cases: readonly {
    readonly valid: boolean
    readonly root: string
    readonly keys: readonly string[]
    readonly bytes_plain: string
  }[]
}

/** The longest of the recorded good proofs of one key. */
function traversal(): KitData['traversal'] {
  const { cases } = JSON.parse(readFileSync(traversals, 'utf8')) as Traversals
  const good = cases.filter(({ valid, keys }) => valid && keys.length === 1)
  const longest = good.toSorted((a, b) => b.bytes_plain.length - a.bytes_plain.length)[0]
  if (longest === undefined) throw new Error('no good proof of one key was recorded')
  return { root: longest.root, key: longest.keys[0] ?? '', proof: longest.bytes_plain }
}

/** Inputs of the steps: the challenges of the baselines, and the last certified header of the recorded chain. */
export function kitData(): KitData {
  const recorded = JSON.parse(readFileSync(chain, 'utf8')) as Chain
  const header = recorded.cases.findLast((frame) => frame.quorum === true)?.header_pb
  if (header === undefined) throw new Error('the recorded chain has no certified header')
  const committee: EngineCommittee = {
    members: recorded.committee.map((member) => ({ publicKey: member.public_key, weight: String(member.weight) })),
    threshold: String(recorded.quorum_threshold),
  }
  const rules: EngineRules = {
    genesisNumber: '0',
    genesisIdentity: '00'.repeat(32),
    proverInCommittee: false,
    difficultyFloor: 0,
  }
  const challenges = Array.from({ length: CHALLENGES }, (_, index) =>
    createHash('sha256').update('petal-bench').update(Uint8Array.of(index)).digest('hex'),
  )
  return {
    challenges,
    header,
    committee: JSON.stringify(committee),
    rules: JSON.stringify(rules),
    traversal: traversal(),
  }
}
