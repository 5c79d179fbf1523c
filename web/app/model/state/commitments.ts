/** The 256 global commitments of a header, compared with those of the header before it (spec 21 section 6). */
import type { Head } from '../../client.ts'
import { hexOf } from '../format.ts'

/** `changed`: another value than in the frame before. A tree that was emptied is `empty` and changed. */
export interface Cell {
  readonly index: number
  /** Hex. */
  readonly value: string
  readonly used: boolean
  readonly changed: boolean
}

export interface CommitmentMap {
  readonly frame: bigint
  /** Frame that it is compared with; null when no earlier one is known here. */
  readonly before: bigint | null
  /** Only the time proof covers the commitments (spec 11 section 4). */
  readonly verified: Head['verified']
  /** None when the header carries no commitments. */
  readonly cells: readonly Cell[]
  readonly used: number
  readonly changed: number
}

/** The root of an unused tree is 64 zero bytes. */
const isUsed = (bytes: Uint8Array): boolean => bytes.some((byte) => byte !== 0)

export function commitmentMap(head: Head, before: Head | null): CommitmentMap {
  const earlier = before?.value.facts.globalCommitments
  const cells = head.value.facts.globalCommitments.map((bytes, index): Cell => {
    const value = hexOf(bytes)
    const old = earlier?.[index]
    return { index, value, used: isUsed(bytes), changed: old !== undefined && hexOf(old) !== value }
  })
  return {
    frame: head.frame,
    before: before?.frame ?? null,
    verified: head.verified,
    cells,
    used: cells.filter(({ used }) => used).length,
    changed: cells.filter(({ changed }) => changed).length,
  }
}

/** State of a cell in words. */
export function cellWords({ used, changed }: Cell): string {
  if (changed) return used ? 'changed in this frame' : 'emptied in this frame'
  return used ? 'used' : 'empty'
}

export const COLUMNS = 16

/** Steps through the grid for the keys of a grid (WAI-ARIA); undefined for other keys. */
export function cellAfterKey(index: number, key: string, cells: number): number | undefined {
  const row = index - (index % COLUMNS)
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - COLUMNS,
    ArrowDown: index + COLUMNS,
    Home: row,
    End: Math.min(row + COLUMNS, cells) - 1,
    PageUp: index % COLUMNS,
    PageDown: cells - COLUMNS + (index % COLUMNS),
  }
  const next = moves[key]
  if (next === undefined) return undefined
  return next < 0 || next >= cells ? index : next
}
