import type { FullEngine } from '../../../core/platform/engine.ts'
import { PHASES, type TreeLeaf, type Trees } from '../../../core/platform/state.ts'
import { RegistryAddresses } from '../../../core/registry/addresses.ts'
import { CLASSES } from '../../../core/registry/classes.ts'
import { genesisCommitments, mainnetGenesis } from '../../../core/registry/genesis.ts'
import { proverHyperedgeLeaves } from '../../../core/registry/prover-hyperedge.ts'
import { type RegistryRecord, readRecord, record, recordLeaves, u64Bytes } from '../../../core/registry/record.ts'
import * as transitions from '../../../core/registry/transitions.ts'
import { inConfirmWindow, mayRejoin } from '../../../core/registry/windows.ts'
import { atomId, GLOBAL_DOMAIN } from '../../../core/state/location.ts'
import { typeHash } from '../../../core/state/schema-values.ts'
import type { Checks } from '../checks.ts'
import { type Fields, Malformed, toHex } from '../fields.ts'
import { type CoreRunner, eachCase, type RustRunner } from '../runner.ts'

/** How a runner gets trees of an engine. */
export type TreesOf = (engine: FullEngine) => Trees

const STEPS: readonly string[] = ['confirm', 'reject', 'leave', 'pause', 'resume', 'kick', 'activity']

function stepOf(text: string): transitions.Step {
  if (!STEPS.includes(text)) throw new Malformed(`no step is called ${JSON.stringify(text)}`)
  return text as transitions.Step
}

const leavesOf = (fields: Fields, name: string) =>
  fields.children(name).map((leaf) => ({ key: leaf.bytes('key'), value: leaf.bytes('value') }))

const showLeaves = (leaves: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]) =>
  leaves.map(({ key, value }) => `${toHex(key)}=${toHex(value)}`)

function recordOf(leaves: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]): RegistryRecord {
  const read = readRecord(leaves)
  if ('unknown' in read) throw new Malformed(`leaves are no record: unknown ${read.unknown}`)
  return read
}

/** Blob, commitment and size of a record after a commit, as the vectors list them. */
function compareBuilt(name: string, listed: Fields, leaves: readonly TreeLeaf[], trees: Trees, check: Checks): void {
  const built = trees.build(leaves, { commit: true })
  check.equal(`${name}.blob`, listed.hex('blob'), toHex(built.blob))
  check.equal(`${name}.commitment`, listed.hex('commitment'), toHex(built.root))
  check.equal(`${name}.size`, listed.integer('size'), built.size)
}

/** `execution/global_state.json`: records and steps (spec 32 sections 2, 5 to 8, PRV-01, PRV-08). */
export const globalState = (treesOf: TreesOf): RustRunner =>
  eachCase((engine, fields, check) => {
    const kind = fields.text('kind')
    if (kind === 'aggregate_status') {
      const statuses = fields.integerList('statuses').map(Number)
      check.equal('status', fields.integer('status'), transitions.aggregateStatus(statuses))
    } else if (kind === 'prover_created') {
      const created = transitions.joinedProver(fields.bytes('public_key'), fields.integer('seniority'))
      const leaves = recordLeaves(created)
      check.equal('leaves', showLeaves(leavesOf(fields, 'leaves')), showLeaves(leaves))
      const built = treesOf(engine).build(leaves, { commit: true })
      check.equal('commitment', fields.hex('commitment'), toHex(built.root))
      check.equal('serialized', fields.hex('serialized'), toHex(built.blob))
    } else if (kind === 'allocation') checkAllocation(treesOf(engine), fields, check)
    else throw new Malformed(`no case is of kind ${JSON.stringify(kind)}`)
  })

function checkAllocation(trees: Trees, fields: Fields, check: Checks): void {
  const frame = fields.integer('frame')
  const after =
    fields.text('step') === 'join'
      ? transitions.joinedAllocation(fields.bytes('prover'), fields.bytes('filter'), frame)
      : transitions.stepAllocation(recordOf(leavesOf(fields, 'before')), stepOf(fields.text('step')), frame)
  check.equal('valid', fields.requiredVerdict(), after !== null)
  if (after === null || !fields.requiredVerdict()) return
  check.equal('leaves', showLeaves(leavesOf(fields, 'leaves')), showLeaves(recordLeaves(after)))
  check.gives('commitment', fields.hex('commitment'), () =>
    toHex(trees.build(recordLeaves(after), { commit: true }).root),
  )
}

/** `consensus/lifecycle_records.json`: records through a prover's life (spec 32 sections 2, 5 to 8, PRV-01, PRV-08). */
export const lifecycleRecords = (treesOf: TreesOf): RustRunner =>
  eachCase((engine, fields, check) => {
    const trees = treesOf(engine)
    const addresses = new RegistryAddresses((message) => engine.poseidonHashBytes(message))
    const [key, filter] = [fields.bytes('public_key'), fields.bytes('filter')]
    const address = addresses.prover(key)
    let prover = transitions.joinedProver(key, fields.integer('seniority'))
    let allocation = transitions.joinedAllocation(address, filter, fields.integer('join_frame'))
    const joined = fields.child('after_join')
    compareBuilt('after_join.prover', joined.child('prover'), recordLeaves(prover), trees, check)
    compareBuilt('after_join.allocation', joined.child('allocation'), recordLeaves(allocation), trees, check)
    const member = { allocationAddress: addresses.allocation(key, filter), allocation }
    const hyperedge = trees.build(proverHyperedgeLeaves([member], 'join'), { commit: false })
    check.equal('hyperedge_blob', joined.hex('hyperedge_blob'), toHex(hyperedge.blob))
    for (const item of fields.children('steps')) {
      const [step, frame] = [stepOf(item.text('op')), item.integer('frame')]
      const next = transitions.stepAllocation(allocation, step, frame)
      check.equal(`${item.path}.ok`, item.boolean('ok'), next !== null)
      if (next !== null) {
        prover = transitions.stepProver(prover, next, step, frame)
        allocation = next
      }
      compareFields(item.child('allocation_fields'), allocation, check)
      compareFields(item.child('prover_fields'), prover, check, 'PublicKey')
      compareBuilt(`${item.path}.allocation`, item.child('allocation'), recordLeaves(allocation), trees, check)
      compareBuilt(`${item.path}.prover`, item.child('prover'), recordLeaves(prover), trees, check)
    }
  })

function compareFields(listed: Fields, record: RegistryRecord, check: Checks, omitted?: string): void {
  const names = [...record.fields.keys()].filter((name) => name !== omitted)
  check.equal(`${listed.path} names`, listed.names().sort(), names.sort())
  for (const name of listed.names())
    check.equal(`${listed.path}.${name}`, listed.hex(name), toHex(record.fields.get(name) ?? new Uint8Array(0)))
}

/** `consensus/lifecycle_reward_records.json`: a reward record and what is credited to it (spec 32 section 2, PRV-16). */
export const lifecycleRewards = (treesOf: TreesOf): RustRunner =>
  eachCase((engine, fields, check) => {
    let reward = transitions.newReward(fields.bytes('delegate'))
    for (const step of fields.children('steps')) {
      const credited = transitions.creditReward(reward, step.integer('add'))
      if (credited === null) throw new Malformed(`${step.path}.add overflows a balance`)
      reward = credited
      if (step.has('balance'))
        check.equal(
          `${step.path}.balance`,
          step.integer('balance'),
          BigInt(`0x${toHex(reward.fields.get('Balance') ?? new Uint8Array(1))}`),
        )
      compareBuilt(`${step.path}.record`, step.child('record'), recordLeaves(reward), treesOf(engine), check)
    }
  })

/** `consensus/lifecycle_aggregate_status.json`: the rule of the older component (spec 32 section 7). */
export const aggregateStatus: CoreRunner = {
  backing: 'core',
  open: () => (fields, check) => {
    const statuses = fields.integerList('allocation_statuses').map(Number)
    check.equal('aggregate', fields.integer('aggregate'), transitions.aggregateStatus(statuses))
  },
}

/** `consensus/confirm_windows.json`: windows of one allocation on the main network (spec 32 sections 5, 6, PRV-06, PRV-07, PRV-09). */
export const confirmWindows: CoreRunner = {
  backing: 'core',
  open: () => (fields, check) => {
    const listed = fields.child('allocation')
    const frames = [
      ['join_frame', 'JoinFrameNumber'],
      ['leave_frame', 'LeaveFrameNumber'],
    ] as const
    const allocation = record('allocation', {
      Status: Uint8Array.of(Number(listed.integer('status'))),
      ...Object.fromEntries(
        frames.filter(([name]) => listed.has(name)).map(([name, field]) => [field, u64Bytes(listed.integer(name))]),
      ),
    })
    const frame = fields.integer('frame')
    const inWindow = inConfirmWindow(allocation, frame)
    const confirmed = inWindow ? transitions.stepAllocation(allocation, 'confirm', frame) : null
    check.equal('in_window', fields.boolean('in_window'), inWindow)
    check.equal(
      'status_after_confirm',
      fields.raw('status_after_confirm'),
      confirmed?.fields.get('Status')?.[0] ?? null,
    )
    check.equal('rejoin_allowed', fields.boolean('rejoin_allowed'), mayRejoin(allocation, frame))
  },
}

/** `consensus/lifecycle_addresses.json`: addresses of the records of a key (spec 32 section 1, PRV-01). */
export const lifecycleAddresses = eachCase((engine, fields, check) => {
  const addresses = new RegistryAddresses((message) => engine.poseidonHashBytes(message))
  const key = fields.bytes('public_key')
  const prover = addresses.prover(key)
  const own: Readonly<Record<string, Uint8Array>> = {
    prover,
    allocation: addresses.allocation(key, fields.bytes('filter')),
    reward: addresses.reward(prover),
    spent_join_merge: addresses.joinMerge(key),
    spent_seniority_merge: addresses.seniorityMerge(key),
  }
  for (const [name, address] of Object.entries(own)) check.equal(name, fields.hex(`${name}_address`), toHex(address))
})

/** `consensus/lifecycle_domains.json`: signature domains and type hashes of the registry (spec 32 sections 2, 4). */
export const lifecycleDomains = eachCase((engine, fields, check) => {
  const derive = (text: string) => toHex(typeHash(GLOBAL_DOMAIN, text, (message) => engine.poseidonHashBytes(message)))
  if (fields.has('tag')) check.equal('domain', fields.hex('domain'), derive(fields.text('tag')))
  else {
    check.equal('type_hash', fields.hex('type_hash'), derive(fields.text('class')))
    const known = Object.values(CLASSES).find(({ name }) => name === fields.text('class'))
    if (known) check.equal('known type_hash', fields.hex('type_hash'), toHex(known.typeHash))
  }
})

/** `consensus/genesis_mainnet.json`: roots of the state that the genesis builds (spec 31 section 10.2, HYP-07). */
export const genesisState = (treesOf: TreesOf): RustRunner =>
  eachCase((engine, fields, check) => {
    const trees = treesOf(engine)
    const addresses = new RegistryAddresses((message) => engine.poseidonHashBytes(message))
    const keys = fields.children('provers').map((prover) => prover.bytes('public_key'))
    const changes = mainnetGenesis(keys, addresses, trees)
    for (const shard of fields.children('shard_roots_after_commit')) {
      const listed = shard.hexList('roots')
      const roots = PHASES.map((phase) => {
        const leaves = changes.flatMap((change) => {
          const inPhase = phase === (change.location.set === 'vertex' ? 0 : 2) && change.kind === 'add'
          if (!inPhase || toHex(change.location.domain) !== shard.hex('l2')) return []
          const { domain, address } = change.location
          const [key, size] = [atomId(domain, address), BigInt(change.value.length)]
          return [{ key, value: change.value, hashTarget: new Uint8Array(0), size }]
        })
        return toHex(trees.build(leaves, { commit: true }).root)
      })
      check.equal(`${shard.path}.roots`, listed, roots)
      check.equal('prover_tree_commitment', fields.hex('prover_tree_commitment'), roots[0])
    }
    const entries = fields.children('initial_commitments')
    const placed = entries.map((item) => ({ address: item.bytes('key'), root: item.bytes('value') }))
    const commitments = genesisCommitments(placed, trees).map(toHex)
    const nonzero = fields.children('nonzero_global_commitments')
    for (const item of nonzero)
      check.equal(`${item.path}.commitment`, item.hex('commitment'), commitments[Number(item.integer('index'))])
    const listed = nonzero.map((item) => Number(item.integer('index')))
    const others = commitments.filter((_, index) => !listed.includes(index))
    check.equal(
      'all others zero',
      true,
      others.every((value) => /^0*$/.test(value)),
    )
    const lengths = [...new Set(others.map((value) => value.length / 2))]
    check.equal('zero_commitment_lengths', fields.integerList('zero_commitment_lengths').map(Number), lengths)
  })

/** Two runners of one file as one: every case runs through both. */
export const joined = (first: RustRunner, second: RustRunner): RustRunner => ({
  backing: 'rust',
  open: (file, engine) => {
    const runners = [first.open(file, engine), second.open(file, engine)]
    return (fields, check, index) => {
      for (const run of runners) run(fields, check, index)
    }
  },
})
