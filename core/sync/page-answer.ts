/** Whether a page answers what was asked (spec 22 section 5 steps 3 to 5, H-02, SYN-05). */

import type { ServedLeaf, TreeName } from '../platform/state.ts'
import type { DropCode, PullPolicy } from './events.ts'
import { checkPage } from './leaf-check.ts'
import type { LeavesAnswer } from './messages.ts'
import type { PageMap, Range, StagedPage } from './pages.ts'
import { readToken } from './token.ts'

/** What is wrong with an answer. */
export interface Fault {
  readonly code: DropCode
  readonly reason: string
}

export function judgePage(
  answer: LeavesAnswer,
  asked: { readonly tree: TreeName; readonly range: Range; readonly peer: string },
  pages: PageMap,
  policy: PullPolicy,
): StagedPage | Fault {
  const { leaves, token, total } = answer
  const { tree, range, peer } = asked
  const [first, last] = [leaves[0], leaves.at(-1)]
  const end = range.from + leaves.length
  const next = token.length === 0 ? pages.total : readToken(token)
  if (leaves.length > range.count) return { code: 'leaf', reason: 'more leaves than asked for' }
  if (total !== BigInt(pages.total) || next !== end || first === undefined || last === undefined)
    return { code: 'truncated', reason: `leaves up to ${end} of ${total} where the root has ${pages.total}` }
  const reason = checkPage(tree, leaves)
  if (reason !== null) return { code: 'leaf', reason }
  const bytes = leaves.reduce((sum, leaf) => sum + bytesOf(leaf), 0)
  if (pages.bytes + bytes > policy.maxBytes)
    return { code: 'limit', reason: `more than ${policy.maxBytes} bytes of leaves` }
  return { from: range.from, count: leaves.length, firstKey: first.key, lastKey: last.key, bytes, peer }
}

const bytesOf = ({ key, value, hashTarget, underlyingData }: ServedLeaf): number =>
  key.length + value.length + hashTarget.length + underlyingData.length
