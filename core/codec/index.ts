/** Canonical bytes of every protocol message: tables, one reader, one writer (spec 40). See README.md. */
import type { Message } from './message.ts'
import * as compute from './tables/compute.ts'
import * as consensus from './tables/consensus.ts'
import * as envelope from './tables/envelope.ts'
import * as frameHeader from './tables/frame-header.ts'
import * as hypergraph from './tables/hypergraph.ts'
import * as keys from './tables/keys.ts'
import * as node from './tables/node.ts'
import * as proofs from './tables/proofs.ts'
import * as prover from './tables/prover.ts'
import * as token from './tables/token.ts'

export { CodecError, type CodecErrorCode } from './errors.ts'
export { type Message, type MessageValue, originalBytes } from './message.ts'

const isMessage = (value: unknown): value is Message<unknown> =>
  typeof value === 'object' && value !== null && 'prefix' in value && 'decode' in value

/** Every message, by the name of spec 40 section 2. */
export const MESSAGES: ReadonlyMap<string, Message<unknown>> = new Map(
  [compute, consensus, envelope, frameHeader, hypergraph, keys, node, proofs, prover, token]
    .flatMap((table) => Object.values(table) as unknown[])
    .filter(isMessage)
    .map((table) => [table.name, table]),
)

/** Every message, by its type prefix: what a receiver of canonical bytes switches on. */
export const MESSAGES_BY_PREFIX: ReadonlyMap<number, Message<unknown>> = new Map(
  [...MESSAGES.values()].map((table) => [table.prefix, table]),
)

export { compute, consensus, envelope, frameHeader, hypergraph, keys, node, proofs, prover, token }
