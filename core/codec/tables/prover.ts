/** Prover and shard operations of the global chain (spec 40 section 3.3). */
import { type Inline, message, required, sub } from '../message.ts'
import { arr, atMost, between, exactly, i64, lp, type Type, u32, u64 } from '../types.ts'
import { BLS48581AddressedSignature, BLS48581SignatureWithProofOfPossession, Ed448Signature } from './keys.ts'
import { TraversalProof } from './proofs.ts'

const filters = arr(lp(atMost(64)), atMost(100))
const addressed = sub(BLS48581AddressedSignature, atMost(118))

export const SeniorityMerge = message('SeniorityMerge', 0x0310, [
  ['signature', lp(atMost(114))],
  ['key_type', u32],
  ['prover_public_key', lp(atMost(585))],
])

export const LegacyProverRequest = message('LegacyProverRequest', 0x0300, [
  ['public_key_signatures_ed448', arr(required(Ed448Signature, atMost(187)), atMost(100))],
])

export const ProverJoin = message('ProverJoin', 0x0301, [
  ['filters', filters],
  ['frame_number', u64],
  ['public_key_signature_bls48581', sub(BLS48581SignatureWithProofOfPossession, atMost(753))],
  ['delegate_address', lp(atMost(32))],
  ['merge_targets', arr(required(SeniorityMerge, atMost(675)))],
  ['proof', lp(atMost(51600))],
])

export const ProverLeave = message('ProverLeave', 0x0302, [
  ['filters', filters],
  ['frame_number', u64],
  ['public_key_signature_bls48581', addressed],
])

const pauseRows = [
  ['filter', lp(atMost(64))],
  ['frame_number', u64],
  ['public_key_signature_bls48581', addressed],
] as const

export const ProverPause = message('ProverPause', 0x0303, pauseRows)
export const ProverResume = message('ProverResume', 0x0304, pauseRows)

const RESERVED = new TextEncoder().encode('reserved'.repeat(4))

/** Read like any filter, always written as the 32 ASCII bytes `reserved` four times. */
const reservedFilter: Type<Uint8Array> = {
  ...lp(atMost(64)),
  write: (writer) => lp().write(writer, RESERVED),
}

const confirmFilters = arr(lp(between(32, 64)), atMost(100))

/** The last array of confirm and reject, which older peers leave out. */
const lateFilters: Inline<{ readonly filters: readonly Uint8Array[] }> = {
  inline: true,
  read: (reader) => ({ filters: reader.left === 0 ? [] : confirmFilters.read(reader) }),
  write: (writer, value) => confirmFilters.write(writer, value.filters),
  toJson: (value) => ({ filters: confirmFilters.toJson(value.filters) }),
  fromJson: (json) => ({ filters: confirmFilters.fromJson(json.filters ?? []) }),
}

const confirmRows = [
  ['filter', reservedFilter],
  ['frame_number', u64],
  ['public_key_signature_bls48581', addressed],
  lateFilters,
] as const

export const ProverConfirm = message('ProverConfirm', 0x0305, confirmRows)
export const ProverReject = message('ProverReject', 0x0306, confirmRows)

export const ProverUpdate = message('ProverUpdate', 0x0308, [
  ['delegate_address', lp(atMost(32))],
  ['public_key_signature_bls48581', addressed],
])

export const ProverKick = message('ProverKick', 0x0307, [
  ['frame_number', u64],
  ['kicked_prover_public_key', lp(exactly(585))],
  ['conflicting_frame_1', lp(atMost(34825))],
  ['conflicting_frame_2', lp(atMost(34825))],
  ['commitment', lp(atMost(74))],
  ['proof', lp(atMost(160))],
  ['traversal_proof', sub(TraversalProof, atMost(4000))],
])

export const ProverSeniorityMerge = message('ProverSeniorityMerge', 0x031a, [
  ['frame_number', u64],
  ['public_key_signature_bls48581', addressed],
  ['merge_targets', arr(required(SeniorityMerge, atMost(1000)), atMost(100))],
])

const root = lp(atMost(80))

export const AltShardUpdate = message('AltShardUpdate', 0x0319, [
  ['public_key', lp(atMost(600))],
  ['frame_number', u64],
  ['vertex_adds_root', root],
  ['vertex_removes_root', root],
  ['hyperedge_adds_root', root],
  ['hyperedge_removes_root', root],
  ['signature', lp(atMost(80))],
])

export const ShardSplit = message('ShardSplit', 0x031e, [
  ['shard_address', lp(atMost(64))],
  ['proposed_shards', arr(lp(atMost(66)), atMost(8))],
  ['frame_number', u64],
  ['public_key_signature_bls48581', sub(BLS48581AddressedSignature)],
])

export const ShardMerge = message('ShardMerge', 0x031f, [
  ['shard_addresses', arr(lp(atMost(64)), atMost(8))],
  ['parent_address', lp(atMost(64))],
  ['frame_number', u64],
  ['public_key_signature_bls48581', sub(BLS48581AddressedSignature)],
])

export const ProverLivenessCheck = message('ProverLivenessCheck', 0x030b, [
  ['filter', lp(atMost(64))],
  ['frame_number', u64],
  ['timestamp', i64],
  ['commitment_hash', lp(atMost(20000))],
  ['public_key_signature_bls48581', required(BLS48581AddressedSignature, atMost(118))],
])
