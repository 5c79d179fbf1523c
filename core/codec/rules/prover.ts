import type { MessageValue } from '../message.ts'
import type { BLS48581AddressedSignature } from '../tables/keys.ts'
import type * as prover from '../tables/prover.ts'
import { each, type Fault, filled, first, lengths, present, type Rules, when, within } from './rule.ts'

type Addressed = MessageValue<typeof BLS48581AddressedSignature> | null
type Pause = MessageValue<typeof prover.ProverPause>
type Confirm = MessageValue<typeof prover.ProverConfirm>

/** An addressed signature of 74 bytes with a 32-byte address. */
const signed = (signature: Addressed): Fault =>
  present('signature', signature, (value) =>
    first(lengths('signature', value.signature, 74), lengths('address', value.address, 32)),
  )

const filter = (bytes: Uint8Array): Fault => within('filter', bytes, 32, 64)

const pause = (value: unknown): Fault => {
  const message = value as Pause
  return first(filter(message.filter), signed(message.public_key_signature_bls48581))
}

const confirm = (value: unknown): Fault => {
  const message = value as Confirm
  return first(filter(message.filter), each(message.filters, filter), signed(message.public_key_signature_bls48581))
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean =>
  prefix.every((byte, index) => bytes[index] === byte)

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Registry operations (spec 40 section 4). */
export const proverRules: Rules = {
  LegacyProverRequest: (value, context) => {
    const entries = (value as MessageValue<typeof prover.LegacyProverRequest>).public_key_signatures_ed448
    const keys = entries.map((entry) => entry.public_key?.key_value ?? new Uint8Array())
    const [firstKey, ...others] = keys
    if (firstKey === undefined) return 'no entry'
    return each(entries, (entry, index) => {
      const key = keys[index] ?? firstKey
      const message = index === 0 ? concatenate(others) : firstKey
      return first(lengths('key', key, 57), lengths('signature', entry.signature, 114), () =>
        when(!context.verifyEd448(key, message, entry.signature), `signature of entry ${index} is wrong`),
      )
    })
  },
  ProverJoin: (value) => {
    const message = value as MessageValue<typeof prover.ProverJoin>
    const signature = message.public_key_signature_bls48581
    return first(
      filled('filters', message.filters),
      each(message.filters, filter),
      signature === null
        ? null
        : first(
            present('key', signature.public_key, (key) => lengths('key', key.key_value, 585)),
            lengths('signature', signature.signature, 74),
            lengths('proof of possession', signature.pop_signature, 74),
          ),
    )
  },
  ProverLeave: (value) => {
    const message = value as MessageValue<typeof prover.ProverLeave>
    return first(
      filled('filters', message.filters),
      each(message.filters, filter),
      signed(message.public_key_signature_bls48581),
    )
  },
  ProverPause: pause,
  ProverResume: pause,
  ProverConfirm: confirm,
  ProverReject: confirm,
  ProverUpdate: (value) => {
    const message = value as MessageValue<typeof prover.ProverUpdate>
    return first(filled('delegate address', message.delegate_address), signed(message.public_key_signature_bls48581))
  },
  ProverKick: (value) => {
    const message = value as MessageValue<typeof prover.ProverKick>
    return first(
      filled('key', message.kicked_prover_public_key),
      filled('frame 1', message.conflicting_frame_1),
      filled('frame 2', message.conflicting_frame_2),
      filled('commitment', message.commitment),
      filled('proof', message.proof),
      message.traversal_proof === null
        ? null
        : first(
            present('multiproof', message.traversal_proof.multiproof),
            filled('sub proofs', message.traversal_proof.sub_proofs),
            each(message.traversal_proof.sub_proofs, ({ commits, ys, paths }) =>
              first(
                filled('commits', commits),
                when(ys.length !== commits.length, `${ys.length} values for ${commits.length} commits`),
                when(
                  paths.length !== commits.length && paths.length !== commits.length - 1,
                  `${paths.length} paths for ${commits.length} commits`,
                ),
              ),
            ),
          ),
    )
  },
  SeniorityMerge: (value) => {
    const message = value as MessageValue<typeof prover.SeniorityMerge>
    return first(lengths('signature', message.signature, 74), filled('key', message.prover_public_key))
  },
  ShardSplit: (value) => {
    const message = value as MessageValue<typeof prover.ShardSplit>
    const address = message.shard_address
    const count = message.proposed_shards.length
    return first(
      within('shard address', address, 32, 63),
      when(count < 2 || count > 8, `${count} proposals, 2 to 8 wanted`),
      each(message.proposed_shards, (shard) =>
        first(
          within('proposal', shard, address.length + 1, address.length + 2),
          when(!startsWith(shard, address), 'a proposal does not start with the shard address'),
        ),
      ),
      present('signature', message.public_key_signature_bls48581),
    )
  },
  ShardMerge: (value) => {
    const message = value as MessageValue<typeof prover.ShardMerge>
    const parent = message.parent_address
    const count = message.shard_addresses.length
    return first(
      when(count < 2 || count > 8, `${count} addresses, 2 to 8 wanted`),
      lengths('parent address', parent, 32),
      each(message.shard_addresses, (shard) =>
        first(
          when(shard.length <= 32, `a shard address has ${shard.length} bytes, more than 32 wanted`),
          when(!startsWith(shard, parent), 'a shard address does not start with the parent'),
        ),
      ),
      present('signature', message.public_key_signature_bls48581),
    )
  },
  ProverLivenessCheck: (value) => {
    const message = value as MessageValue<typeof prover.ProverLivenessCheck>
    return first(
      filter(message.filter),
      when(message.commitment_hash.length < 32, 'commitment hash is shorter than 32 bytes'),
      signed(message.public_key_signature_bls48581),
    )
  },
}
