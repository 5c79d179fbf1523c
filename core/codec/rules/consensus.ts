import type { MessageValue } from '../message.ts'
import type * as consensus from '../tables/consensus.ts'
import type { FrameHeader } from '../tables/frame-header.ts'
import {
  each,
  type Fault,
  first,
  lengths,
  optional,
  present,
  type RuleContext,
  type Rules,
  when,
  within,
} from './rule.ts'

/** A root: 64 or 74 bytes. */
const root = (name: string, bytes: Uint8Array): Fault => lengths(name, bytes, 64, 74)

const frame =
  (header: string) =>
  (value: unknown, context: RuleContext): Fault => {
    const message = value as MessageValue<typeof consensus.GlobalFrame> | MessageValue<typeof consensus.AppShardFrame>
    return first(
      present('header', message.header, (inner) => context.validate(header, inner)),
      each(message.requests, (bundle) => context.validate('MessageBundle', bundle)),
    )
  }

const proposal =
  (state: string) =>
  (value: unknown, context: RuleContext): Fault => {
    const message = value as MessageValue<typeof consensus.GlobalProposal>
    return first(
      context.validate(state, message.state),
      context.validate('QuorumCertificate', message.parent_quorum_certificate),
      optional(message.prior_rank_timeout_certificate, (inner) => context.validate('TimeoutCertificate', inner)),
      context.validate('ProposalVote', message.vote),
    )
  }

/** Headers, votes, certificates, frames and proposals (spec 40 section 4). */
export const consensusRules: Rules = {
  GlobalFrame: frame('GlobalFrameHeader'),
  AppShardFrame: frame('FrameHeader'),
  GlobalProposal: proposal('GlobalFrame'),
  AppShardProposal: proposal('AppShardFrame'),
  TimeoutState: (value, context) => {
    const message = value as MessageValue<typeof consensus.TimeoutState>
    return first(
      present('latest certificate', message.latest_quorum_certificate, (inner) =>
        context.validate('QuorumCertificate', inner),
      ),
      optional(message.prior_rank_timeout_certificate, (inner) => context.validate('TimeoutCertificate', inner)),
      present('vote', message.vote, (inner) => context.validate('ProposalVote', inner)),
    )
  },
  FrameHeader: (value) => {
    const header = value as MessageValue<typeof FrameHeader>
    return first(
      within('address', header.address, 32, 64),
      when(header.timestamp === 0n, 'the timestamp is zero'),
      when(header.difficulty === 0, 'the difficulty is zero'),
      lengths('output', header.output, 516),
      lengths('parent selector', header.parent_selector, 32),
      when(
        header.requests_root.length < 33,
        `requests root has ${header.requests_root.length} bytes, 33 or more wanted`,
      ),
      when(header.state_roots.length !== 4, 'four state roots wanted'),
      each(header.state_roots, (bytes) => root('state root', bytes)),
      lengths('prover', header.prover, 32),
    )
  },
  GlobalFrameHeader: (value) => {
    const header = value as MessageValue<typeof consensus.GlobalFrameHeader>
    return first(
      when(header.timestamp === 0n, 'the timestamp is zero'),
      when(header.difficulty === 0, 'the difficulty is zero'),
      lengths('output', header.output, 516),
      lengths('parent selector', header.parent_selector, 32),
      when(header.global_commitments.length !== 256, `${header.global_commitments.length} commitments, 256 wanted`),
      each(header.global_commitments, (bytes) => root('commitment', bytes)),
      root('prover tree commitment', header.prover_tree_commitment),
      root('requests root', header.requests_root),
      lengths('prover', header.prover, 32),
      present('signature', header.public_key_signature_bls48581),
    )
  },
  ProposalVote: (value) => {
    const vote = value as MessageValue<typeof consensus.ProposalVote>
    return first(
      lengths('selector', vote.selector, 0, 32),
      present('signature', vote.public_key_signature_bls48581, ({ signature, address }) =>
        first(
          vote.filter.length === 0 ? lengths('signature', signature, 74) : lengths('signature', signature, 74, 590),
          lengths('address', address, 32),
        ),
      ),
    )
  },
  QuorumCertificate: (value) => {
    const certificate = value as MessageValue<typeof consensus.QuorumCertificate>
    return first(
      lengths('selector', certificate.selector, 32),
      present('aggregate', certificate.aggregate_signature, ({ signature, public_key, bitmask }) =>
        first(
          certificate.filter.length === 0
            ? lengths('signature', signature, 0, 74)
            : when(signature.length < 74, 'signature is shorter than 74 bytes'),
          optional(public_key, (key) => lengths('key', key.key_value, 0, 585)),
          when(bitmask.length > 32, 'bitmask is longer than 32 bytes'),
        ),
      ),
    )
  },
  TimeoutCertificate: (value, context) => {
    const certificate = value as MessageValue<typeof consensus.TimeoutCertificate>
    return first(
      optional(certificate.latest_quorum_certificate, (inner) => context.validate('QuorumCertificate', inner)),
      present('aggregate', certificate.aggregate_signature, ({ signature }) => lengths('signature', signature, 0, 74)),
    )
  },
}
