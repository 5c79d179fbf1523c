/**
 * Structural validation after decoding (spec 40 section 4): which decoded messages are worth passing on. Lengths and presence only; no
 * signature is verified here, except in LegacyProverRequest, whose verifier is handed in.
 */
import type { MessageValue } from './message.ts'
import { consensusRules } from './rules/consensus.ts'
import { intrinsicRules } from './rules/intrinsics.ts'
import { nodeRules } from './rules/node.ts'
import { proverRules } from './rules/prover.ts'
import type { Rules, ValidationContext } from './rules/rule.ts'
import { tokenRules } from './rules/token.ts'
import type { MessageBundle, MessageRequest } from './tables/envelope.ts'
import { REQUESTS, type RequestKind } from './tables/envelope.ts'

export type { ValidationContext } from './rules/rule.ts'

/** Request kinds that pass here and are checked where they are executed. */
const CHECKED_LATER: ReadonlySet<RequestKind> = new Set([
  'alt_shard_update',
  'seniority_merge',
  'shard_split',
  'shard_merge',
])

const envelopeRules: Rules = {
  MessageRequest: (value, context) => {
    const request = value as MessageValue<typeof MessageRequest>
    for (const kind of Object.keys(REQUESTS) as RequestKind[])
      if (kind in request)
        return CHECKED_LATER.has(kind)
          ? null
          : validate(REQUESTS[kind].name, (request as Record<string, unknown>)[kind], context)
    return 'a request has no kind'
  },
  MessageBundle: (value, context) => {
    const bundle = value as MessageValue<typeof MessageBundle>
    if (bundle.timestamp === 0n) return 'the timestamp is zero'
    for (const request of bundle.requests) {
      const fault = request === null ? null : validate('MessageRequest', request, context)
      if (fault !== null) return fault
    }
    return null
  },
}

const RULES: Rules = {
  ...envelopeRules,
  ...consensusRules,
  ...proverRules,
  ...nodeRules,
  ...intrinsicRules,
  ...tokenRules,
}

/** What is wrong with a decoded message of that name, for a person; null when nothing is. A message without rules passes. */
export function validate(name: string, value: unknown, context: ValidationContext): string | null {
  return RULES[name]?.(value, { ...context, validate: (nested, inner) => validate(nested, inner, context) }) ?? null
}
