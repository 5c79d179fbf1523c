/** Token operations (spec 40 section 3.6). */
import { message, required, sub, subOrOpaque } from '../message.ts'
import { arr, bool, lp, u32, u64, uncheckedText } from '../types.ts'
import { BLS48581AggregateSignature } from './keys.ts'
import { TraversalProof } from './proofs.ts'

export const Authority = message('Authority', 0x0500, [
  ['key_type', u32],
  ['public_key', lp()],
  ['can_burn', bool],
])

export const FeeBasis = message('FeeBasis', 0x0501, [
  ['type', u32],
  ['baseline', lp()],
])

export const TokenMintStrategy = message('TokenMintStrategy', 0x0502, [
  ['mint_behavior', u32],
  ['proof_basis', u32],
  ['verkle_root', lp()],
  ['authority', sub(Authority)],
  ['payment_address', lp()],
  ['fee_basis', sub(FeeBasis)],
])

export const TokenConfiguration = message('TokenConfiguration', 0x0503, [
  ['behavior', u32],
  ['mint_strategy', sub(TokenMintStrategy)],
  ['units', lp()],
  ['supply', lp()],
  ['name', uncheckedText],
  ['symbol', uncheckedText],
  ['additional_reference', arr(lp())],
  ['owner_public_key', lp()],
])

export const TokenDeploy = message('TokenDeploy', 0x0504, [
  ['config', sub(TokenConfiguration)],
  ['rdf_schema', lp()],
])

export const TokenUpdate = message('TokenUpdate', 0x0505, [
  ['config', sub(TokenConfiguration)],
  ['rdf_schema', lp()],
  ['public_key_signature_bls48581', sub(BLS48581AggregateSignature)],
])

export const RecipientBundle = message('RecipientBundle', 0x0506, [
  ['one_time_key', lp()],
  ['verification_key', lp()],
  ['coin_balance', lp()],
  ['mask', lp()],
  ['additional_reference', lp()],
  ['additional_reference_key', lp()],
])

const inputRows = [
  ['commitment', lp()],
  ['signature', lp()],
  ['proofs', arr(lp())],
] as const

const outputRows = [
  ['frame_number', lp()],
  ['commitment', lp()],
  ['recipient_output', sub(RecipientBundle)],
] as const

export const TransactionInput = message('TransactionInput', 0x0507, inputRows)
export const TransactionOutput = message('TransactionOutput', 0x0508, outputRows)

export const Transaction = message('Transaction', 0x0509, [
  ['domain', lp()],
  ['inputs', arr(required(TransactionInput))],
  ['outputs', arr(required(TransactionOutput))],
  ['fees', arr(lp())],
  ['range_proof', lp()],
  ['traversal_proof', subOrOpaque(TraversalProof)],
])

export const PendingTransactionInput = message('PendingTransactionInput', 0x050a, inputRows)

export const PendingTransactionOutput = message('PendingTransactionOutput', 0x050b, [
  ['frame_number', lp()],
  ['commitment', lp()],
  ['to', sub(RecipientBundle)],
  ['refund', sub(RecipientBundle)],
  ['expiration', u64],
])

export const PendingTransaction = message('PendingTransaction', 0x050c, [
  ['domain', lp()],
  ['inputs', arr(required(PendingTransactionInput))],
  ['outputs', arr(required(PendingTransactionOutput))],
  ['fees', arr(lp())],
  ['range_proof', lp()],
  ['traversal_proof', subOrOpaque(TraversalProof)],
])

export const MintTransactionInput = message('MintTransactionInput', 0x050d, [
  ['value', lp()],
  ['commitment', lp()],
  ['signature', lp()],
  ['proofs', arr(lp())],
  ['additional_reference', lp()],
  ['additional_reference_key', lp()],
])

export const MintTransactionOutput = message('MintTransactionOutput', 0x050e, outputRows)

export const MintTransaction = message('MintTransaction', 0x050f, [
  ['domain', lp()],
  ['inputs', arr(required(MintTransactionInput))],
  ['outputs', arr(required(MintTransactionOutput))],
  ['fees', arr(lp())],
  ['range_proof', lp()],
])
