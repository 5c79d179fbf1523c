/** Header of an app shard frame (spec 40 section 3.3); also a request kind, hence its own file. */
import { message, sub } from '../message.ts'
import { arr, atMost, exactly, i64, lp, u32, u64 } from '../types.ts'
import { BLS48581AggregateSignature } from './keys.ts'

/** The current release writes `hash || serialised tree` here without a limit; ours (spec 40 section 3.3). */
const MAX_REQUESTS_ROOT = 1 << 20

export const FrameHeader = message('FrameHeader', 0x030a, [
  ['address', lp(atMost(64))],
  ['frame_number', u64],
  ['rank', u64],
  ['timestamp', i64],
  ['difficulty', u32],
  ['output', lp(exactly(516))],
  ['parent_selector', lp(atMost(32))],
  ['requests_root', lp(atMost(MAX_REQUESTS_ROOT))],
  ['state_roots', arr(lp(atMost(74)), exactly(4))],
  ['prover', lp(atMost(32))],
  ['fee_multiplier_vote', u64],
  ['public_key_signature_bls48581', sub(BLS48581AggregateSignature, atMost(33739))],
])
