/** When a join or leave may be confirmed or rejected, and when a filter may be joined again (spec 32 sections 5, 6). */
import { STATUS } from './classes.ts'
import { numberField, type RegistryRecord, statusOf } from './record.ts'

/** Frames between the request and the earliest and latest answer; test networks may set others. */
export interface ConfirmWindow {
  readonly least: bigint
  readonly most: bigint
}

export const MAINNET_WINDOW: ConfirmWindow = { least: 360n, most: 720n }

/** Joins of these frames waited for a change of the rules on the main network. */
const TRANSITION = { from: 244_100n, until: 255_840n }

/** Field that a window counts from, by status. */
const BASE: Readonly<Record<number, string>> = {
  [STATUS.joining]: 'JoinFrameNumber',
  [STATUS.leaving]: 'LeaveFrameNumber',
}

/** Whether a confirm or reject of the allocation may be executed in `frame`. The halt-risk rule of leaves is not part of it. */
export function inConfirmWindow(allocation: RegistryRecord, frame: bigint, window = MAINNET_WINDOW): boolean {
  const status = statusOf(allocation) ?? STATUS.left
  const name = BASE[status]
  let base = name === undefined ? undefined : numberField(allocation, name)
  if (base === undefined) return false
  if (status === STATUS.joining && base >= TRANSITION.from && base < TRANSITION.until) {
    if (frame < TRANSITION.until) return false
    const earliest = TRANSITION.until - window.least
    if (base < earliest) base = earliest
  }
  return frame >= base + window.least && frame <= base + window.most
}

/** Whether a new join of the filter may replace the allocation in `frame`. The kicked-key rule is not part of it. */
export function mayRejoin(allocation: RegistryRecord, frame: bigint, window = MAINNET_WINDOW): boolean {
  if (statusOf(allocation) === STATUS.left) return true
  const joined = numberField(allocation, 'JoinFrameNumber')
  return joined !== undefined && frame >= joined + window.most
}
