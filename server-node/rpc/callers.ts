/** Who makes a call: known per connection, handed to the gate and to the services with each call. */
import { createContextKey } from '@connectrpc/connect'

export interface Caller {
  /** 34 bytes; null on the local port, where a call proves by itself who made it. */
  readonly peerId: Uint8Array | null
  /** One text per caller: what rates and streams are counted under. */
  readonly name: string
  /** Whether it is this node's own peer id. */
  readonly isSelf: boolean
}

const NOBODY: Caller = { peerId: null, name: '', isSelf: false }

export const CALLER = createContextKey<Caller>(NOBODY, { description: 'who makes the call' })
