/** Leaves as the addon takes and gives them: parallel lists. */
import type { ServedLeaf } from '@petal/core/platform/state.ts'
import type { AddonLeafLists } from './addon.ts'

export function listsOf(leaves: readonly ServedLeaf[]): AddonLeafLists {
  return {
    keys: leaves.map(({ key }) => key),
    values: leaves.map(({ value }) => value),
    hashTargets: leaves.map(({ hashTarget }) => hashTarget),
    sizes: leaves.map(({ size }) => size.toString()),
    underlying: leaves.map(({ underlyingData }) => underlyingData),
  }
}

export function leavesOf(lists: AddonLeafLists): ServedLeaf[] {
  const at = (list: readonly Uint8Array[], index: number) => list[index] ?? new Uint8Array(0)
  return lists.keys.map((key, index) => ({
    key,
    value: at(lists.values, index),
    hashTarget: at(lists.hashTargets, index),
    size: BigInt(lists.sizes[index] ?? 0),
    underlyingData: at(lists.underlying, index),
  }))
}
