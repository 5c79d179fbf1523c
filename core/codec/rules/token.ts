import type { MessageValue } from '../message.ts'
import type * as token from '../tables/token.ts'
import { deploy, update } from './intrinsics.ts'
import { each, type Fault, filled, first, lengths, optional, present, type Rules, when } from './rule.ts'

/** Behaviour bits of a token that decide which fields must be there. */
const MINTABLE = 1
const DIVISIBLE = 4

const recipient = (value: MessageValue<typeof token.RecipientBundle>): Fault =>
  first(
    filled('one-time key', value.one_time_key),
    filled('verification key', value.verification_key),
    filled('coin balance', value.coin_balance),
    filled('mask', value.mask),
  )

interface Parts {
  readonly domain: Uint8Array
  readonly inputs: readonly { readonly commitment: Uint8Array; readonly signature: Uint8Array }[]
  readonly outputs: readonly unknown[]
  readonly fees: readonly Uint8Array[]
  readonly range_proof: Uint8Array
}

/** What all transactions share. */
const parts = (message: Parts): Fault =>
  first(
    lengths('domain', message.domain, 32),
    filled('inputs', message.inputs),
    filled('outputs', message.outputs),
    when(
      message.fees.length !== message.outputs.length,
      `${message.fees.length} fees for ${message.outputs.length} outputs`,
    ),
    filled('range proof', message.range_proof),
    each(message.inputs, (input) =>
      first(filled('commitment', input.commitment), filled('signature', input.signature)),
    ),
  )

const output = (value: MessageValue<typeof token.TransactionOutput>): Fault =>
  first(filled('commitment', value.commitment), optional(value.recipient_output, recipient))

/** Token operations (spec 40 section 4). */
export const tokenRules: Rules = {
  TokenConfiguration: (value) => {
    const message = value as MessageValue<typeof token.TokenConfiguration>
    const mintable = (message.behavior & MINTABLE) !== 0
    return first(
      mintable ? present('mint strategy', message.mint_strategy) : filled('supply', message.supply),
      (message.behavior & DIVISIBLE) !== 0 ? filled('units', message.units) : null,
      each(message.additional_reference, (reference) => lengths('additional reference', reference, 64)),
      lengths('owner key', message.owner_public_key, 0, 585),
    )
  },
  TokenDeploy: deploy('TokenConfiguration'),
  TokenUpdate: update('TokenConfiguration', true),
  RecipientBundle: (value) => recipient(value as MessageValue<typeof token.RecipientBundle>),
  Transaction: (value) => {
    const message = value as MessageValue<typeof token.Transaction>
    return first(parts(message), each(message.outputs, output))
  },
  PendingTransaction: (value) => {
    const message = value as MessageValue<typeof token.PendingTransaction>
    return first(
      parts(message),
      each(message.outputs, ({ to, refund }) =>
        first(present('to', to, recipient), present('refund', refund, recipient)),
      ),
    )
  },
  MintTransaction: (value) => {
    const message = value as MessageValue<typeof token.MintTransaction>
    return first(
      parts(message),
      each(message.inputs, (input) => filled('value', input.value)),
      each(message.outputs, output),
    )
  },
}
