import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { concat, type Fields, toHex, utf8 } from '../fields.ts'
import { eachCase, type RustRunner } from '../runner.ts'

interface PinnedProver {
  readonly public_key: string
  readonly prover_address: string
  readonly allocation_address: string
}

/** JSON of `mainnetGenesis`, as far as it is compared. */
interface PinnedGenesis {
  readonly frame_number: string
  readonly timestamp: string
  readonly difficulty: number
  readonly parent_selector: string
  readonly output: string
  readonly header_prover: string
  readonly selector: string
  readonly seniority_each: string
  readonly qc: Readonly<Record<string, string>>
  readonly provers: readonly PinnedProver[]
  readonly initial_commitments: readonly { readonly key: string; readonly value: string; readonly l1: unknown }[]
}

/** The engine's own constants when the case is the mainnet genesis (same output); null for another genesis. */
function pinnedGenesis(engine: FullEngine, fields: Fields): PinnedGenesis | null {
  const pinned = JSON.parse(engine.mainnetGenesis()) as PinnedGenesis
  return pinned.output === fields.hex('output') ? pinned : null
}

/** Header fields that both files list. */
function compareCommon(pinned: PinnedGenesis, fields: Fields, check: Checks): void {
  for (const name of ['frame_number', 'timestamp', 'difficulty'] as const)
    check.equal(`engine ${name}`, fields.integer(name), pinned[name])
  check.equal('engine parent_selector', fields.hex('parent_selector'), pinned.parent_selector)
}

const ALLOCATION_TAG = 'PROVER_ALLOCATION'

/** Addresses, selector and the shape of the genesis certificate (spec 11 section 4.5, spec 31 section 10.2, TRV-16 in part). */
export const genesisMainnet: RustRunner = eachCase((engine, fields, check) => {
  const output = fields.bytes('output')
  check.equal('output length', 516, output.length)
  check.equal('parent_selector length', 32, fields.bytes('parent_selector').length)
  check.gives('selector', fields.hex('selector'), () => engine.poseidonHashBytes(output))
  for (const prover of fields.children('provers')) {
    const key = prover.bytes('public_key')
    const allocation = concat(utf8(ALLOCATION_TAG), key)
    check.gives(`${prover.path}.prover_address`, prover.hex('prover_address'), () => engine.poseidonHashBytes(key))
    check.gives(`${prover.path}.allocation_address`, prover.hex('allocation_address'), () =>
      engine.poseidonHashBytes(allocation),
    )
    check.gives(`${prover.path} decodes`, toHex(key), () => engine.blsAggregateKeys([key]))
  }
  const keys = fields.children('provers').map((prover) => prover.hex('public_key'))
  check.equal('header_prover is one of the keys', true, keys.includes(fields.hex('header_prover')))
  const certificate = fields.child('qc')
  check.equal('qc.rank', 0, certificate.integer('rank'))
  check.equal('qc.timestamp', 0, certificate.integer('timestamp'))
  check.equal('qc.frame_number', fields.integer('frame_number'), certificate.integer('frame_number'))
  check.equal('qc.signature', '00'.repeat(74), certificate.hex('signature'))
  check.equal('qc.bitmask', 'ff'.repeat(32), certificate.hex('bitmask'))
  const pinned = pinnedGenesis(engine, fields)
  if (pinned !== null) comparePinned(pinned, fields, check)
})

/** The constants of that genesis that only this file lists. */
function comparePinned(pinned: PinnedGenesis, fields: Fields, check: Checks): void {
  compareCommon(pinned, fields, check)
  for (const name of ['header_prover', 'selector', 'seniority_each'] as const)
    check.equal(`engine ${name}`, fields.text(name), pinned[name])
  for (const name of ['rank', 'frame_number', 'timestamp', 'signature', 'bitmask'] as const)
    check.equal(`engine qc.${name}`, fields.child('qc').text(name), pinned.qc[name])
  check.equal('engine qc.public_key', '00'.repeat(585), pinned.qc.public_key)
  for (const prover of fields.children('provers')) {
    const own = pinned.provers.find((candidate) => candidate.public_key === prover.hex('public_key'))
    for (const name of ['prover_address', 'allocation_address'] as const)
      check.equal(`engine ${prover.path}.${name}`, prover.hex(name), own?.[name] ?? 'no such key')
  }
  for (const [index, initial] of fields.children('initial_commitments').entries()) {
    const own = pinned.initial_commitments[index]
    check.equal(`engine ${initial.path}`, [initial.hex('key'), initial.hex('value')], [own?.key, own?.value])
    check.equal(`engine ${initial.path}.l1`, initial.raw('l1'), own?.l1)
  }
}

/** `frames/mainnet_genesis.json`: identity and addresses; the output is a trusted constant (spec 11 section 4.5, FRM-09). */
export const mainnetGenesis = eachCase((engine, fields, check) => {
  const output = fields.bytes('output')
  check.equal('output_length', fields.integer('output_length'), output.length)
  check.gives('identity', fields.hex('identity'), () => engine.poseidonHashBytes(output))
  check.equal('output_poseidon_516', fields.hex('output_poseidon_516'), fields.hex('identity'))
  const provers = fields.children('provers')
  for (const prover of provers) {
    const key = prover.bytes('public_key')
    check.gives(`${prover.path}.address`, prover.hex('address'), () => engine.poseidonHashBytes(key))
    check.gives(`${prover.path} decodes`, toHex(key), () => engine.blsAggregateKeys([key]))
  }
  const members = provers.map((prover) => ({ publicKey: prover.hex('public_key'), weight: '1' }))
  const sorted = provers.map((prover) => prover.hex('address')).sort()
  check.gives('committee in index order', sorted, () => {
    const committee = new engine.Committee(JSON.stringify({ members, threshold: null }))
    try {
      return JSON.parse(committee.addresses())
    } finally {
      committee.free()
    }
  })
  const pinned = pinnedGenesis(engine, fields)
  if (pinned === null) return
  compareCommon(pinned, fields, check)
  const commitments = fields.children('initial_commitments').map((item) => [item.hex('address'), item.hex('value')])
  const own = pinned.initial_commitments.map((item) => [item.key, item.value])
  check.equal('engine initial_commitments', commitments, own)
})
