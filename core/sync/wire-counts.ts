/** Counts in a response before it is read: a few bytes of protobuf must not become many objects (spec 22 H-05). */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { SyncWireError } from './errors.ts'
import { SYNC_LIMITS } from './limits.ts'

/** Per kind of response: the field that is a path, and the one that is a list with its bound. */
const COUNTED: Readonly<
  Record<number, { readonly path: number; readonly list?: readonly [field: number, most: number] }>
> = {
  1: { path: 1, list: [3, SYNC_LIMITS.children] },
  2: { path: 1, list: [2, SYNC_LIMITS.pageLeaves] },
  3: { path: 3 },
}

/** Longest path in bytes: packed, two bytes an element at most; ten where an element is written as a negative number. */
const PATH_BYTES = SYNC_LIMITS.path * 2

/** Throws `SyncWireError` `limit`, or whatever the reader throws on bytes that are no protobuf. */
export function checkCounts(response: Uint8Array): void {
  const reader = new BinaryReader(response)
  let messages = 0
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    const counted = COUNTED[field]
    if (counted === undefined || type !== WireType.LengthDelimited) {
      reader.skip(type, field)
      continue
    }
    messages += 1
    if (messages > 1) throw new SyncWireError('limit', 'more than one response in a message')
    checkMessage(reader.bytes(), counted)
  }
}

function checkMessage(bytes: Uint8Array, { path, list }: (typeof COUNTED)[number]): void {
  const reader = new BinaryReader(bytes)
  let elements = 0
  let items = 0
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === path)
      elements += type === WireType.LengthDelimited ? reader.bytes().length : skipped(reader, type, field)
    else {
      reader.skip(type, field)
      if (list !== undefined && field === list[0]) items += 1
    }
    if (elements > PATH_BYTES) throw new SyncWireError('limit', 'a path that is too long')
    if (list !== undefined && items > list[1]) throw new SyncWireError('limit', `more than ${list[1]} items in a list`)
  }
}

function skipped(reader: BinaryReader, type: WireType, field: number): number {
  reader.skip(type, field)
  return 1
}
