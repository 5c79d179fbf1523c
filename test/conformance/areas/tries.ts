import { createHash } from 'node:crypto'
import type { EngineTree, FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { concat, type Fields, Malformed, parseHex, toHex } from '../fields.ts'
import { eachCase, type RustRunner, type VectorFile } from '../runner.ts'

/** Runs `use` with a tree and frees it. */
function withTree(tree: EngineTree, use: (tree: EngineTree) => void): void {
  try {
    use(tree)
  } finally {
    tree.free()
  }
}

const startTree = (engine: FullEngine, fields: Fields): EngineTree =>
  fields.optionalText('start_blob') === '' ? new engine.Tree() : engine.Tree.fromBlob(fields.bytes('start_blob'))

const insert = (tree: EngineTree, leaf: Fields): boolean => {
  const target = leaf.has('hash_target') ? leaf.bytes('hash_target') : new Uint8Array()
  return tree.insert(leaf.bytes('key'), leaf.bytes('value'), target, leaf.integer('size').toString())
}

/** One operation; `ok: false` means refused or not found, and the serialised tree is then as before. */
function apply(tree: EngineTree, operation: Fields, check: Checks): void {
  const op = operation.text('op')
  const ok = !operation.has('ok') || operation.boolean('ok')
  const before = toHex(tree.serialise())
  if (op === 'insert' && ok) insert(tree, operation)
  else if (op === 'insert') check.refuses(`${operation.path} insert`, () => insert(tree, operation))
  else if (op === 'delete') check.gives(`${operation.path} delete`, ok, () => tree.delete(operation.bytes('key')))
  else if (op === 'commit') tree.commit()
  else throw new Malformed(`${operation.path}: ${op} is no operation`)
  if (!ok) check.equal(`${operation.path}: the tree is unchanged`, before, toHex(tree.serialise()))
}

/** Root, metadata, and the serialised tree read back. Call after the operations. */
function checkCommitted(engine: FullEngine, tree: EngineTree, fields: Fields, check: Checks): void {
  check.gives('root', fields.hex('root'), () => tree.commit())
  const facts = JSON.parse(tree.facts()) as { leafCount: string; longestBranch: number; size: string }
  check.equal('leaf_count', fields.integer('leaf_count'), facts.leafCount)
  check.equal('longest_branch', fields.integer('longest_branch'), facts.longestBranch)
  check.equal('total_size', fields.integer('total_size'), facts.size)
  const blob = tree.serialise()
  withTree(engine.Tree.fromBlob(blob), (read) => {
    check.equal('the serialised tree read back', toHex(blob), toHex(read.serialise()))
    check.gives('its root', fields.hex('root'), () => read.commit())
  })
}

/** `tries/nibbles.json`: paths (spec 20 section 7, CVT-05). */
export const nibbles = eachCase((engine, fields, check) => {
  check.gives('path', fields.integerList('path').join(' '), () => engine.treePath(fields.bytes('key')).join(' '))
})

/** The leaves that operations leave, when every operation succeeds. */
function leavesLeft(operations: readonly Fields[]): Fields[] {
  const left = new Map<string, Fields>()
  for (const operation of operations) {
    const op = operation.text('op')
    if (op === 'commit' || (operation.has('ok') && !operation.boolean('ok'))) continue
    if (op === 'insert') left.set(operation.hex('key'), operation)
    else left.delete(operation.hex('key'))
  }
  return [...left.values()]
}

/** `tries/trees.json`: trees after operations and a commit (spec 20 section 8, CVT-06, CVT-07). */
export const trees = eachCase((engine, fields, check) => {
  const operations = fields.children('operations')
  withTree(new engine.Tree(), (tree) => {
    for (const operation of operations) apply(tree, operation, check)
    if (!fields.has('root')) return
    checkCommitted(engine, tree, fields, check)
    const blob = tree.serialise()
    check.equal('serialized_length', fields.integer('serialized_length'), blob.length)
    check.equal('serialized_sha512', fields.hex('serialized_sha512'), createHash('sha512').update(blob).digest('hex'))
    if (fields.has('serialized')) check.equal('serialized', fields.hex('serialized'), toHex(blob))
    const left = leavesLeft(operations)
    const column = (name: string) => left.map((leaf) => leaf.bytes(name))
    check.gives('root of the leaves that are left', fields.hex('root'), () =>
      engine.rebuildRoot(column('key'), column('value'), column('hash_target')),
    )
  })
})

/** `tries/blobs.json`: vertex blobs with and without a commit; malformed ones refused (spec 20 sections 8.4 and 8.5, CVT-08). */
export const blobs = eachCase((engine, fields, check) => {
  if (!fields.has('inserts')) {
    check.refuses('blob', () => engine.Tree.fromBlob(fields.bytes('blob')))
    return
  }
  withTree(startTree(engine, fields), (tree) => {
    for (const leaf of fields.children('inserts')) insert(tree, leaf)
    if (fields.boolean('commit_before_serialise')) tree.commit()
    check.gives('blob', fields.hex('blob'), () => tree.serialise())
  })
})

const checkBlobs = eachCase((engine, fields, check) => {
  withTree(startTree(engine, fields), (tree) => {
    for (const operation of fields.children('operations')) apply(tree, operation, check)
    check.gives('blob', fields.hex('blob'), () => tree.serialise())
    checkCommitted(engine, tree, fields, check)
    check.gives('blob_committed', fields.hex('blob_committed'), () => tree.serialise())
  })
})

/** `tries/uncommitted.json`: Variant R without a commit (spec 20 section 8.4, CVT-08). */
export const uncommitted = checkBlobs

/** `tries/prefix_keys.json`: keys that exclude each other are refused (spec 20 section 7, CVT-08). */
export const prefixKeys = checkBlobs

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const u64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

const sized = (bytes: Uint8Array): Uint8Array => concat(u32(bytes.length), bytes)
const listOf = (items: readonly Uint8Array[]): Uint8Array => concat(u32(items.length), ...items)

function pathsOf(sub: Fields): Uint8Array {
  const paths = sub.list('paths').map((path, at) => {
    if (!Array.isArray(path)) throw new Malformed(`${sub.path}.paths[${at}] is not a list`)
    return listOf(path.map((element) => u64(BigInt(element))))
  })
  return listOf(paths)
}

/** The plain form of the fields of a case, whatever they are: the cases that must fail have no bytes of their own (spec 20 section 9.4). */
function plainForm(fields: Fields): Uint8Array {
  const multiproof = concat(sized(fields.bytes('multicommitment')), sized(fields.bytes('proof')))
  const subs = fields
    .children('sub_proofs')
    .map((sub) =>
      concat(listOf(sub.bytesList('commits').map(sized)), listOf(sub.bytesList('ys').map(sized)), pathsOf(sub)),
    )
  return concat(sized(multiproof), listOf(subs))
}

function checkVerdicts(engine: FullEngine, fields: Fields, check: Checks): void {
  const root = fields.bytes('root')
  const proof = plainForm(fields)
  const valid = fields.requiredVerdict()
  const verdict = () =>
    JSON.parse(engine.traversalVerify(root, fields.bytesList('keys'), proof)) as {
      valid: boolean
      values: readonly string[]
    }
  check.gives('strict verdict', valid, () => verdict().valid)
  const values = fields.children('sub_proofs').map((sub) => sub.hexList('ys').at(-1))
  if (valid) check.gives('values', values, () => verdict().values)
  // Where the reference aborts there is no verdict of it to repeat.
  const aborts = fields.has('reference_aborts') && fields.boolean('reference_aborts')
  const expected = fields.boolean('reference_generic_verdict') ? 'accepts' : aborts ? 'aborts' : 'refuses'
  check.gives('verdict of the reference', expected, () => engine.traversalReferenceVerdict(root, proof))
}

const FORMS = { plain: 'bytes_plain', plain_with_trailer: 'bytes_plain_with_trailer', canonical: 'bytes_canonical' }

/** Every form gives every other form. */
function checkForms(engine: FullEngine, fields: Fields, check: Checks): void {
  check.equal('bytes_plain of the fields', fields.hex('bytes_plain'), toHex(plainForm(fields)))
  for (const [from, input] of Object.entries(FORMS))
    for (const [to, output] of Object.entries(FORMS))
      check.gives(`${from} as ${to}`, fields.hex(output), () => engine.traversalConvert(fields.bytes(input), from, to))
}

const isProved = (fields: Fields): boolean => !fields.has('proof_exists') && fields.requiredVerdict()

/** Calls `use` with the tree that holds the keys of a proved case and nothing else, when that tree has the root of the case. */
function withWholeTree(engine: FullEngine, proved: Fields, use: (tree: EngineTree) => void): void {
  withTree(new engine.Tree(), (tree) => {
    const keys = proved.bytesList('keys')
    for (const [at, sub] of proved.children('sub_proofs').entries()) {
      const key = keys[at]
      const value = sub.bytesList('ys').at(-1)
      if (key !== undefined && value !== undefined) tree.insert(key, value, new Uint8Array(), '0')
    }
    if (toHex(tree.commit()) === proved.hex('root')) use(tree)
  })
}

/** The trees are not in the file, but a proof of all keys of a tree of two leaves rebuilds it. */
const pairsProved = (file: VectorFile): readonly Fields[] =>
  file.cases.filter((fields) => isProved(fields) && fields.list('keys').length === 2)

const noProof = (tree: EngineTree, keys: Uint8Array[]): boolean => !(tree.prove(keys) instanceof Uint8Array)

/** Where the tree is known, its proofs are byte-equal. */
function checkProver(file: VectorFile, engine: FullEngine, fields: Fields, check: Checks): void {
  for (const pair of pairsProved(file).filter((pair) => pair.hex('root') === fields.hex('root')))
    withWholeTree(engine, pair, (tree) => {
      check.gives('proof', fields.hex('bytes_plain'), () => tree.prove(fields.bytesList('keys')))
    })
}

/** An absent key has no proof, in the trees that are known and in the empty one; nor has the key of a tree of one leaf. */
function checkAbsence(file: VectorFile, engine: FullEngine, fields: Fields, check: Checks): void {
  const keys = fields.bytesList('keys')
  const isAbsentFrom = (pair: Fields) => fields.hexList('keys').some((key) => !pair.hexList('keys').includes(key))
  for (const pair of pairsProved(file).filter(isAbsentFrom))
    withWholeTree(engine, pair, (tree) => {
      check.gives('no proof in a tree of two leaves', true, () => noProof(tree, keys))
    })
  withTree(new engine.Tree(), (tree) => {
    check.gives('no proof in the empty tree', true, () => noProof(tree, keys))
    for (const key of keys.slice(0, 1)) tree.insert(key, parseHex('01', 'value'), new Uint8Array(), '1')
    tree.commit()
    check.gives('no proof in a tree of one leaf', true, () => noProof(tree, keys))
  })
}

/** `tries/traversal.json`: verdicts, encodings, proofs (spec 20 section 9, CVT-09). */
export const traversal: RustRunner = {
  backing: 'rust',
  open: (file, engine) => (fields, check) => {
    if (fields.has('proof_exists')) {
      checkAbsence(file, engine, fields, check)
      return
    }
    checkVerdicts(engine, fields, check)
    if (fields.has('bytes_plain')) checkForms(engine, fields, check)
    if (isProved(fields) && fields.has('bytes_plain')) checkProver(file, engine, fields, check)
  },
}
