import type { EngineHypergraph, FullEngine } from '../../../core/platform/engine.ts'
import { checkSchemaUpdate, readTreeLeaves, SchemaError } from '../../../core/state/index.ts'
import type { Checks } from '../checks.ts'
import { type Fields, Malformed, toHex, utf8 } from '../fields.ts'
import { eachCase, type RustRunner } from '../runner.ts'

type Engine = FullEngine

const runner = (run: (engine: Engine, fields: Fields, check: Checks) => void): RustRunner => eachCase(run)

/** `hypergraph/shard_keys.json` (spec 21 section 1, HYP-01). */
export const shardKeys = runner((engine, fields, check) => {
  const facts = JSON.parse(engine.hypergraphShardFacts(fields.bytes('app_address'))) as Record<string, unknown>
  check.equal('l1', fields.hex('l1'), facts.l1)
  check.equal('shard_key', fields.hex('shard_key'), facts.shardKey)
  check.equal('path_of_address', fields.integerList('path_of_address').map(Number), facts.path)
  check.equal('topic_bloom_256_3', fields.hex('topic_bloom_256_3'), facts.topicBloom)
})

interface DecodedAtom {
  readonly kind: string
  readonly app: string
  readonly data: string
  readonly commitment: string
  readonly size: string
  readonly members: readonly string[]
}

/** `hypergraph/atoms.json` (spec 21 section 2, HYP-02). */
export const atoms = runner((engine, fields, check) => {
  const bytes = fields.bytes('bytes')
  if (!fields.requiredVerdict()) {
    check.refuses('bytes', () => engine.hypergraphDecodeAtom(bytes))
    return
  }
  const decoded = JSON.parse(engine.hypergraphDecodeAtom(bytes)) as DecodedAtom
  check.equal('kind', fields.text('kind'), decoded.kind)
  check.equal('app_address', fields.hex('app_address'), decoded.app)
  check.equal('data_address', fields.hex('data_address'), decoded.data)
  check.equal('commitment', fields.hex('commitment'), decoded.commitment)
  check.equal('size', fields.integer('size'), decoded.size)
  const atom = {
    kind: fields.text('kind'),
    app: fields.hex('app_address'),
    data: fields.hex('data_address'),
    commitment: fields.hex('commitment'),
    size: fields.integer('size').toString(),
    members: fields.has('members') ? fields.hexList('members') : [],
  }
  check.equal('members', [...atom.members].sort(), [...decoded.members].sort())
  check.gives('encoded', toHex(bytes), () => engine.hypergraphEncodeAtom(JSON.stringify(atom)))
})

/** `hypergraph/field_keys.json` (spec 21 section 7, HYP-06). */
export const fieldKeys = runner((engine, fields, check) => {
  const key = () => engine.hypergraphFieldKey(fields.u32('order'), fields.u32('max_order'))
  if (!fields.requiredVerdict()) {
    check.refuses('key', key)
    return
  }
  check.gives('key', fields.hex('key'), key)
  if (fields.has('path')) check.equal('path', fields.integerList('path').map(Number), pathOf(fields.bytes('key')))
})

/** 6-bit groups, most significant first, zero bits at the end (spec 20 section 7). */
const pathOf = (key: Uint8Array): number[] => {
  const bits = Array.from(key, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return Array.from({ length: Math.ceil(bits.length / 6) }, (_, index) =>
    Number.parseInt(bits.slice(6 * index, 6 * index + 6).padEnd(6, '0'), 2),
  )
}

type Operation = Readonly<Record<string, unknown>>

interface Shard {
  readonly roots: readonly string[]
  readonly leafCounts: readonly string[]
  readonly sizes: readonly string[]
  readonly present: readonly string[]
}

/** A world of one shard after the operations and a commit; `read` looks at it before it is freed. */
function committed<T>(engine: Engine, operations: readonly Operation[], read: (world: EngineHypergraph) => T): T {
  const world = new engine.Hypergraph()
  try {
    world.apply(JSON.stringify(operations))
    world.commit('1')
    return read(world)
  } finally {
    world.free()
  }
}

const shardKeyOf = (engine: Engine, app: Uint8Array): Uint8Array => {
  const facts = JSON.parse(engine.hypergraphShardFacts(app)) as { readonly shardKey: string }
  return Uint8Array.from(Buffer.from(facts.shardKey, 'hex'))
}

/** The value that an operation of `crdt.json` gives under each leaf rule; null when it gives none. */
function leafValue(operation: Fields, app: string): { readonly a: Operation; readonly b: string } | null {
  const data = operation.hex('data_address')
  if (operation.has('vertex_tree')) {
    const commitment = operation.hex('vertex_commitment')
    const size = operation.integer('vertex_size')
    const atom = `00${app}${data}${commitment}${size.toString(16).padStart(64, '0')}`
    return { a: { atom, commitment, size: size.toString() }, b: operation.hex('vertex_tree') }
  }
  if (operation.has('hyperedge_bytes')) {
    const commitment = operation.hex('hyperedge_commitment')
    const size = operation.integer('members').toString()
    return { a: { atom: operation.hex('hyperedge_bytes'), commitment, size }, b: operation.hex('extrinsic_tree') }
  }
  // The re-added hyperedge carries its tree only: it is ignored, whatever it holds.
  return operation.has('extrinsic_tree')
    ? { a: { atom: '', commitment: '00'.repeat(64), size: '0' }, b: operation.hex('extrinsic_tree') }
    : null
}

function crdtOperation(operation: Fields, app: string, rule: 'a' | 'b'): Operation {
  const [op, set] = operation.text('op').split('_')
  const at = { set, app, data: operation.hex('data_address') }
  const value = leafValue(operation, app)
  if (op === 'add' && value === null) throw new Malformed(`${operation.path} adds nothing`)
  if (rule === 'b') return op === 'add' ? { op, ...at, value: value?.b } : { op, ...at }
  return op === 'add' ? { op, ...at, ruleA: value?.a } : { op: 'removeRuleA', ...at, ruleA: value?.a }
}

/** `hypergraph/crdt.json`: roots under both leaf rules and what is present (spec 21 sections 4 and 5, HYP-03, HYP-04). */
export const crdt = runner((engine, fields, check) => {
  const app = fields.hex('app_address')
  const key = shardKeyOf(engine, fields.bytes('app_address'))
  check.equal('shard_key', fields.hex('shard_key'), toHex(key))
  const operations = (rule: 'a' | 'b') =>
    fields.children('operations').map((operation) => crdtOperation(operation, app, rule))
  check.gives('roots_rule_a', JSON.stringify(fields.hexList('roots_rule_a')), () =>
    committed(engine, operations('a'), (world) => JSON.stringify((JSON.parse(world.shard(key)) as Shard).roots)),
  )
  committed(engine, operations('b'), (world) => {
    const shard = JSON.parse(world.shard(key)) as Shard
    check.equal('roots_rule_b', fields.hexList('roots_rule_b'), shard.roots)
    check.equal('present_vertices', fields.integer('present_vertices'), shard.present[0])
    check.equal('rule_b_vertex_adds_leaf_count', fields.integer('rule_b_vertex_adds_leaf_count'), shard.leafCounts[0])
    check.equal('rule_b_vertex_adds_size', fields.integer('rule_b_vertex_adds_size'), shard.sizes[0])
    const wanted = fields.child('rule_b_vertex_adds_at_address_path')
    const node = JSON.parse(world.nodeAtAddress(key, 0)) as Record<string, unknown>
    check.equal(`${wanted.path}.commitment`, wanted.hex('commitment'), node.commitment)
    check.equal(`${wanted.path}.leaf_count`, wanted.integer('leaf_count'), node.leafCount)
    check.equal(`${wanted.path}.size`, wanted.integer('size'), node.size)
  })
})

interface Judgement {
  readonly strict: { readonly valid: boolean }
  readonly reference: { readonly valid: boolean }
  readonly older: { readonly valid: boolean }
}

/** `hypergraph/hyperedges.json`: verdicts, roots as the reference stores them, members of both forms (HYP-12, HYP-13). */
export const hyperedges = runner((engine, fields, check) => {
  const kind = fields.text('kind')
  if (kind === 'form') hyperedgeForm(engine, fields, check)
  else if (kind === 'message') hyperedgeMessages(engine, fields, check)
  else throw new Malformed(`kind ${kind} is neither form nor message`)
})

function hyperedgeForm(engine: Engine, fields: Fields, check: Checks): void {
  const read = () => engine.hypergraphMembers(fields.bytes('id'), fields.bytes('value'))
  if (!fields.requiredVerdict()) {
    check.refuses('value', read)
    return
  }
  const stored = JSON.parse(read()) as { readonly form: string; readonly members: readonly string[] }
  check.equal('form', fields.text('form'), stored.form)
  check.equal('members', fields.hexList('members').sort(), [...stored.members].sort())
}

function hyperedgeMessages(engine: Engine, fields: Fields, check: Checks): void {
  const app = fields.hex('app_address')
  const applied: Operation[] = []
  let strict = true
  for (const operation of fields.children('operations')) {
    const op = operation.text('op')
    const at = { set: 'hyperedge', app, data: operation.hex('data_address') }
    if (op === 'message_add') {
      const domain = operation.has('domain') ? operation.bytes('domain') : fields.bytes('app_address')
      const judged = JSON.parse(engine.hypergraphJudgeHyperedge(domain, operation.bytes('value'))) as Judgement
      check.equal(`${operation.path}.ok`, operation.boolean('ok'), judged.reference.valid)
      if (operation.has('older_parses'))
        check.equal(`${operation.path}.older_parses`, operation.boolean('older_parses'), judged.older.valid)
      strict &&= judged.strict.valid
      if (judged.reference.valid) applied.push({ op: 'add', ...at, value: operation.hex('value') })
    } else if (op === 'add_hyperedge') applied.push({ op: 'add', ...at, value: operation.hex('value') })
    else if (op === 'message_remove') applied.push({ op: 'remove', ...at })
    else throw new Malformed(`operation ${op} is unknown`)
  }
  const optional = fields.has('optional') && fields.boolean('optional')
  if (!optional) check.equal('strict verdict', fields.requiredVerdict(), strict)
  const key = shardKeyOf(engine, fields.bytes('app_address'))
  committed(engine, applied, (world) => {
    check.equal('roots_rule_b', fields.hexList('roots_rule_b'), (JSON.parse(world.shard(key)) as Shard).roots)
    for (const stored of fields.children('stored')) {
      const id = Uint8Array.from(Buffer.from(app + stored.hex('data_address'), 'hex'))
      const atom = JSON.parse(world.atom('hyperedge', id)) as { readonly present: boolean; readonly value: unknown }
      check.equal(`${stored.path}.present`, stored.boolean('present'), atom.present)
      check.equal(`${stored.path}.value`, stored.has('value') ? stored.hex('value') : null, atom.value)
    }
  })
}

/** `hypergraph/global_commitments.json`: frame rule and genesis rule (spec 21 section 6, HYP-07). */
export const globalCommitments = runner((engine, fields, check) => {
  const rule = fields.text('rule')
  const shards = fields.children('shards').map((shard) => {
    const facts = JSON.parse(engine.hypergraphShardFacts(shard.bytes('app_address'))) as { readonly l1: string }
    check.equal(`${shard.path}.l1`, shard.hex('l1'), facts.l1)
    const app = shard.hex('app_address')
    return rule === 'genesis' ? { app, value: shard.hex('value') } : { app, roots: shard.hexList('roots') }
  })
  const proverRoot = fields.has('prover_root') ? fields.hex('prover_root') : ''
  const answer = JSON.parse(engine.hypergraphGlobalCommitments(JSON.stringify({ rule, shards, proverRoot }))) as {
    readonly commitments: readonly string[]
    readonly hash: string
  }
  const expected = Array.from({ length: 256 }, () => '00'.repeat(64))
  for (const entry of fields.children('non_empty')) expected[entry.u32('index')] = entry.hex('commitment')
  check.equal('commitments', expected, answer.commitments)
  const total = answer.commitments.reduce((sum, commitment) => sum + commitment.length / 2, 0)
  check.equal('total_bytes', fields.integer('total_bytes'), total)
  if (fields.has('commitment_hash')) check.equal('commitment_hash', fields.hex('commitment_hash'), answer.hash)
})

interface Sealed {
  readonly blob: string
  readonly root: string
  readonly size: string
  readonly leafCount: string
}

const leaves = (list: readonly Fields[]) => list.map((leaf) => ({ key: leaf.hex('key'), value: leaf.hex('value') }))

/** `hypergraph/metadata.json` (spec 21 section 8, HYP-11). */
export const metadata: RustRunner = runner((engine, fields, check) => {
  if (fields.text('kind') === 'update') metadataUpdate(engine, fields, check)
  else metadataDeploy(engine, fields, check)
})

function metadataDeploy(engine: Engine, fields: Fields, check: Checks): void {
  const parts = JSON.stringify({
    consensus: leaves(fields.children('consensus')),
    sumcheck: leaves(fields.children('sumcheck')),
    slots: fields
      .children('slots')
      .map((slot) => ({ slot: slot.u32('slot'), leaves: leaves(slot.children('leaves')) })),
    schema: toHex(utf8(fields.text('schema'))),
    type: fields.hex('type'),
  })
  if (!fields.requiredVerdict()) {
    check.refuses('slots', () => engine.hypergraphSealMetadata(parts))
    return
  }
  const sealed = JSON.parse(engine.hypergraphSealMetadata(parts)) as Sealed
  check.equal('blob', fields.hex('blob'), sealed.blob)
  check.equal('root', fields.hex('root'), sealed.root)
  if (fields.has('total_size')) check.equal('total_size', fields.integer('total_size'), sealed.size)
  if (fields.has('leaf_count')) check.equal('leaf_count', fields.integer('leaf_count'), sealed.leafCount)
}

/** Key of the document that updates are compared with (spec 41 section 5.1). */
const SCHEMA_KEY = '08'

/** Whether the rules of schemas let the new document replace the old one; no document changes nothing. */
function schemaAllows(before: Uint8Array, schema: string): boolean {
  if (schema === '') return true
  const old = readTreeLeaves(before).find(({ key }) => toHex(key) === SCHEMA_KEY)
  try {
    checkSchemaUpdate(old === undefined ? '' : new TextDecoder().decode(old.value), schema)
    return true
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    return false
  }
}

function metadataUpdate(engine: Engine, fields: Fields, check: Checks): void {
  const allowed = schemaAllows(fields.bytes('before'), fields.optionalText('schema'))
  check.equal('valid', fields.requiredVerdict(), allowed)
  if (!allowed) return
  const update = {
    before: fields.hex('before'),
    readKey: fields.has('read_key') ? fields.hex('read_key') : null,
    writeKey: fields.has('write_key') ? fields.hex('write_key') : null,
    schema: fields.optionalText('schema') === '' ? null : toHex(utf8(fields.text('schema'))),
  }
  const sealed = JSON.parse(engine.hypergraphUpdateMetadata(JSON.stringify(update))) as Sealed
  check.equal('blob', fields.hex('blob'), sealed.blob)
  if (fields.has('root')) check.equal('root', fields.hex('root'), sealed.root)
}
