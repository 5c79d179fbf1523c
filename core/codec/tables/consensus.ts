/** Headers, votes, certificates, proposals and frames (spec 40 section 3.3). */
import { message, required, sub } from '../message.ts'
import { arr, atMost, i64, lp, u32, u64 } from '../types.ts'
import { MessageBundle } from './envelope.ts'
import { FrameHeader } from './frame-header.ts'
import { BLS48581AddressedSignature, BLS48581AggregateSignature } from './keys.ts'

export const GlobalFrameHeader = message('GlobalFrameHeader', 0x0309, [
  ['frame_number', u64],
  ['rank', u64],
  ['timestamp', i64],
  ['difficulty', u32],
  ['output', lp(atMost(516))],
  ['parent_selector', lp(atMost(32))],
  ['global_commitments', arr(lp(atMost(74)), atMost(256))],
  ['prover_tree_commitment', lp(atMost(74))],
  ['requests_root', lp(atMost(74))],
  ['prover', lp(atMost(32))],
  ['public_key_signature_bls48581', sub(BLS48581AggregateSignature, atMost(711))],
])

export const ProposalVote = message('ProposalVote', 0x030c, [
  ['filter', lp(atMost(64))],
  ['rank', u64],
  ['frame_number', u64],
  ['selector', lp(atMost(32))],
  ['timestamp', u64],
  ['public_key_signature_bls48581', sub(BLS48581AddressedSignature, atMost(634))],
])

export const QuorumCertificate = message('QuorumCertificate', 0x030d, [
  ['filter', lp(atMost(64))],
  ['rank', u64],
  ['frame_number', u64],
  ['selector', lp(atMost(32))],
  ['timestamp', u64],
  ['aggregate_signature', sub(BLS48581AggregateSignature, atMost(33739))],
])

export const TimeoutCertificate = message('TimeoutCertificate', 0x031d, [
  ['filter', lp(atMost(64))],
  ['rank', u64],
  ['latest_ranks', arr(u64, atMost(64))],
  ['latest_quorum_certificate', sub(QuorumCertificate, atMost(33875))],
  ['timestamp', u64],
  ['aggregate_signature', sub(BLS48581AggregateSignature, atMost(711))],
])

export const TimeoutState = message('TimeoutState', 0x031c, [
  ['latest_quorum_certificate', sub(QuorumCertificate, atMost(33875))],
  ['prior_rank_timeout_certificate', sub(TimeoutCertificate, atMost(35198))],
  ['vote', sub(ProposalVote, atMost(770))],
  ['timeout_tick', u64],
  ['timestamp', u64],
])

export const GlobalFrame = message('GlobalFrame', 0x030e, [
  ['header', sub(GlobalFrameHeader, atMost(21467))],
  ['requests', arr(required(MessageBundle, atMost(75000)), atMost(100))],
])

export const AppShardFrame = message('AppShardFrame', 0x030f, [
  ['header', sub(FrameHeader, atMost(1083335))],
  ['requests', arr(required(MessageBundle, atMost(74000)), atMost(100))],
])

export const GlobalProposal = message('GlobalProposal', 0x0317, [
  ['state', required(GlobalFrame, atMost(7800000))],
  ['parent_quorum_certificate', required(QuorumCertificate, atMost(847))],
  ['prior_rank_timeout_certificate', sub(TimeoutCertificate, atMost(2170))],
  ['vote', required(ProposalVote, atMost(770))],
])

export const AppShardProposal = message('AppShardProposal', 0x0318, [
  ['state', required(AppShardFrame, atMost(7500000))],
  ['parent_quorum_certificate', required(QuorumCertificate, atMost(33875))],
  ['prior_rank_timeout_certificate', sub(TimeoutCertificate, atMost(35198))],
  ['vote', required(ProposalVote, atMost(770))],
])
