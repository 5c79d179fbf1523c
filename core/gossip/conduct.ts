/** What silent nodes and senders of garbage put on the wire in simulations, instead of what their router says. Tests only. */
import { encodeMessage } from './message.ts'
import { decodeRpc, encodeRpc, type Rpc, type RpcParts } from './rpc.ts'

/** `silent`: joins meshes and says nothing in them. `garbage`: sends broken copies of everything, and worse. */
export type Conduct = 'honest' | 'silent' | 'garbage'

/** Where chance comes from. */
export interface Chance {
  random(): number
  bytes(length: number): Uint8Array
  pick<T>(list: readonly T[]): T | undefined
}

/** Frames that a node of this conduct sends for one frame of its router. `topic`: one that is in use, if any. */
export function conducted(
  conduct: Conduct,
  framed: Uint8Array,
  topic: Uint8Array | undefined,
  chance: Chance,
): Uint8Array[] {
  if (conduct === 'honest') return [framed]
  const rpc = decodeRpc(withoutLength(framed))
  const { subscriptions, graft, prune } = rpc
  if (conduct === 'silent') return [encodeRpc({ subscriptions, graft, prune })]
  return [encodeRpc(garbled(rpc, chance)), ...garbage(topic, chance)]
}

/** Everything the router says, each message with one thing wrong. */
function garbled(rpc: Rpc, chance: Chance): RpcParts {
  const messages = rpc.messages.map((message) => {
    const flipped = { ...message, signature: Uint8Array.from(message.signature, (byte) => byte ^ 1) }
    const kinds = [
      flipped,
      { ...message, key: chance.bytes(61) },
      { ...message, data: chance.bytes(40) },
      { ...message, signature: new Uint8Array(), key: new Uint8Array() },
    ]
    return encodeMessage(chance.pick(kinds) ?? flipped)
  })
  const more = () => Array.from({ length: 20 }, () => chance.bytes(33))
  const ihave = rpc.ihave.map((each) => ({ ...each, ids: [...each.ids, ...more()] }))
  return { ...rpc, messages, ihave, iwant: rpc.iwant.flatMap((id) => [id, id, id, id]) }
}

/** Now and then bytes that are no RPC, or promises of nothing with a GRAFT. */
function garbage(topic: Uint8Array | undefined, chance: Chance): Uint8Array[] {
  const draw = chance.random()
  if (draw < 0.02) return [Uint8Array.from([100, ...chance.bytes(100)])]
  if (topic === undefined || draw > 0.2) return []
  const ids = Array.from({ length: 5 }, () => Uint8Array.from([1, ...chance.bytes(32)]))
  return [encodeRpc({ ihave: [{ bitmask: topic, ids }], graft: [topic] })]
}

/** The RPC of a frame. */
export function withoutLength(framed: Uint8Array): Uint8Array {
  let at = 0
  while ((framed[at] ?? 0) >= 0x80) at++
  return framed.subarray(at + 1)
}
