import type { ServedLeaf, Trees } from '../../../core/platform/state.ts'
import { StateError } from '../../../core/platform/state.ts'
import { compareBytes } from '../../../core/state/bytes.ts'
import { LeafGeneration } from '../../../core/state/leaf-generation.ts'
import { checkBoundTrees, checkPage } from '../../../core/sync/leaf-check.ts'
import { SYNC_LIMITS } from '../../../core/sync/limits.ts'
import {
  decodeQuery,
  decodeResponse,
  encodeQuery,
  encodeResponse,
  type SyncQuery,
  type SyncResponse,
} from '../../../core/sync/messages.ts'
import { branchAnswer, leafRange, leavesAnswer } from '../../../core/sync/server.ts'
import { readToken, tokenOf } from '../../../core/sync/token.ts'
import type { Checks } from '../checks.ts'
import { type Fields, Malformed, toHex, utf8 } from '../fields.ts'
import type { RustRunner, VectorFile } from '../runner.ts'
import type { TreesOf } from './lifecycle.ts'

const rootOf = (leaves: readonly ServedLeaf[], trees: Trees): Uint8Array => trees.build(leaves, { commit: true }).root

const withLeaf = (leaves: readonly ServedLeaf[], leaf: ServedLeaf): ServedLeaf[] =>
  leaves.map((item) => (compareBytes(item.key, leaf.key) === 0 ? leaf : item))

function leafOf(fields: Fields): ServedLeaf {
  const optional = (name: string) => (fields.has(name) ? fields.bytes(name) : new Uint8Array(0))
  const size = fields.has('size') ? BigInt(`0x0${fields.hex('size')}`) : 0n
  const [hashTarget, underlyingData] = [optional('hash_target'), optional('underlying_data')]
  return { key: fields.bytes('key'), value: fields.bytes('value'), hashTarget, size, underlyingData }
}

/** `sync/data_trees.json`: what a pulled leaf must be (spec 22 section 5 step 4, SYN-06). */
export const dataTrees = (treesOf: TreesOf): RustRunner => ({
  backing: 'rust',
  open: (file, engine) => {
    const trees = treesOf(engine)
    const tree = { shardKey: file.document.bytes('shard_key'), phase: 0 } as const
    const leaves = file.document.children('leaves').map(leafOf)
    const root = rootOf(leaves, trees)
    return (fields, check) => {
      check.equal('root of the listed leaves', file.document.hex('root'), toHex(root))
      const changed = withLeaf(leaves, leafOf(fields.child('leaf')))
      const rebuilt = rootOf(changed, trees)
      check.equal('rebuilt_root', fields.hex('rebuilt_root'), toHex(rebuilt))
      const sound = checkPage(tree, changed) === null && checkBoundTrees(tree, changed, trees) === null
      const verdict = sound && compareBytes(rebuilt, root) === 0
      if (fields.has('optional') && fields.boolean('optional')) check.equal('answers', 'boolean', typeof verdict)
      else check.equal('verdict', fields.requiredVerdict(), verdict)
    }
  },
})

/** `sync/perform_sync.json`: messages, served answers, tokens, rebuilt roots (spec 22 sections 2 to 5, SYN-01 to SYN-04, SYN-09). */
export const performSync = (treesOf: TreesOf): RustRunner => ({
  backing: 'rust',
  open: (file, engine) => {
    const trees = treesOf(engine)
    const leaves = pulledLeaves(file)
    const served = new LeafGeneration(leaves, trees)
    return (fields, check) => {
      switch (fields.text('kind')) {
        case 'get_branch':
        case 'get_leaves':
          checkExchange(file, served, fields, check)
          return
        case 'tampered_leaf': {
          check.equal('root of all pages', file.document.hex('root'), toHex(rootOf(leaves, trees)))
          check.equal('leaf_count', file.document.integer('leaf_count'), leaves.length)
          const changed = withLeaf(leaves, leafOf(fields.child('leaf')))
          const same = compareBytes(rootOf(changed, trees), file.document.bytes('root')) === 0
          check.equal('valid', fields.requiredVerdict(), same)
          return
        }
        case 'token':
          checkToken(fields, check)
          return
        default:
          throw new Malformed(`no case is of kind ${fields.text('kind')}`)
      }
    }
  },
})

/** All leaves of the pages of the file. */
const pulledLeaves = (file: VectorFile): ServedLeaf[] =>
  file.cases
    .filter((fields) => fields.optionalText('kind') === 'get_leaves')
    .flatMap((fields) => {
      const page = decodeResponse(fields.child('response').bytes('wire'))
      return page.kind === 'leaves' ? page.leaves : []
    })

function checkToken(fields: Fields, check: Checks): void {
  const token = utf8(fields.text('token'))
  const start = readToken(token)
  check.equal('valid', fields.requiredVerdict(), start !== null)
  check.equal('start', fields.integer('start'), start ?? 0)
  if (start !== null && token.length > 0)
    check.equal('written', fields.text('token').toLowerCase(), text(tokenOf(start)))
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A query and its response: their bytes, their fields, and the answer that our server gives to the query. */
function checkExchange(file: VectorFile, served: LeafGeneration, fields: Fields, check: Checks): void {
  const bytes = fields.bytes('query_wire')
  const query = decodeQuery(bytes)
  check.equal('query_wire', fields.hex('query_wire'), toHex(encodeQuery(query)))
  check.equal('shard_key', file.document.hex('shard_key'), toHex(query.tree.shardKey))
  check.equal('phase_set', 0, query.tree.phase)
  check.equal('path', fields.integerList('path').map(Number), query.path)
  check.equal('kind', fields.text('kind'), query.kind === 'branch' ? 'get_branch' : 'get_leaves')
  if (fields.has('expected_root')) check.equal('expected_root', fields.hex('expected_root'), toHex(query.expectedRoot))
  if (query.kind === 'leaves') {
    check.equal('max_leaves', fields.integer('max_leaves'), query.maxLeaves)
    check.equal('continuation_token', fields.text('continuation_token'), text(query.token))
  }
  const response = fields.child('response')
  const answer = serve(served, query)
  if (response.has('error_expected')) {
    check.equal('error_expected', true, answer.kind === 'error')
    if (response.has('code'))
      check.equal('code', response.integer('code'), answer.kind === 'error' ? answer.code : 'none')
    return
  }
  compareResponse(response, decodeResponse(response.bytes('wire')), check)
  check.equal('served answer', response.hex('wire'), toHex(encodeResponse(answer)))
  check.equal('wire', response.hex('wire'), toHex(encodeResponse(decodeResponse(response.bytes('wire')))))
}

function compareResponse(listed: Fields, read: SyncResponse, check: Checks): void {
  if (read.kind === 'branch') {
    check.equal('full_path', listed.integerList('full_path').map(Number), read.fullPath)
    check.equal('commitment', listed.hex('commitment'), toHex(read.commitment))
    check.equal('is_leaf', listed.boolean('is_leaf'), read.isLeaf)
    check.equal('leaf_count', listed.integer('leaf_count'), read.leafCount)
    const children = read.children.map(({ index, commitment }) => [index, toHex(commitment)])
    check.equal('children', listed.raw('children'), children)
  } else if (read.kind === 'leaves') {
    check.equal(
      'keys',
      listed.hexList('keys'),
      read.leaves.map(({ key }) => toHex(key)),
    )
    check.equal('continuation_token', listed.text('continuation_token'), text(read.token))
    check.equal('total_leaves', listed.integer('total_leaves'), read.total)
  } else check.equal('response', 'an answer', `error ${read.code}`)
}

/** What our server answers, from a state whose only generation is the tree of the file. */
function serve(served: LeafGeneration, query: SyncQuery): SyncResponse {
  const refuse = (code: number): SyncResponse => ({ kind: 'error', code, message: '', path: query.path })
  if (query.expectedRoot.length > 0 && compareBytes(query.expectedRoot, served.root) !== 0) return refuse(4)
  try {
    if (query.kind === 'branch') return branchAnswer(query, served.branchAt(query.path))
    return leavesAnswer(query, served.leavesAt(query.path, leafRange(query, SYNC_LIMITS.pageBytes)))
  } catch (error) {
    if (error instanceof StateError && error.code === 'notFound') return refuse(3)
    throw error
  }
}
