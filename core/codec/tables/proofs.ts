/** Traversal proofs in canonical form (spec 40 section 3.3). */
import { message, required, sub } from '../message.ts'
import { arr, atMost, exactly, lp, u64 } from '../types.ts'

export const Multiproof = message('Multiproof', 0x0313, [
  ['multicommitment', lp(exactly(74))],
  ['proof', lp(exactly(74))],
])

export const Path = message('Path', 0x0314, [['indices', arr(u64, atMost(64))]])

export const TraversalSubProof = message('TraversalSubProof', 0x0315, [
  ['commits', arr(lp(atMost(74)), atMost(64))],
  ['ys', arr(lp(atMost(2000)), atMost(64))],
  ['paths', arr(required(Path, atMost(4104)), atMost(64))],
])

export const TraversalProof = message('TraversalProof', 0x0316, [
  ['multiproof', sub(Multiproof, atMost(160))],
  ['sub_proofs', arr(required(TraversalSubProof, atMost(43000)), atMost(100))],
])
