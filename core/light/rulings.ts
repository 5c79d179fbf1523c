/** What the judge decided about a header; what follows from it is decided by the light client. */
import type { Check } from '../platform/crypto.ts'
import type { Candidate } from './candidates.ts'
import type { Frame } from './chain.ts'
import type { Finding, StoredEvidence } from './events.ts'

export type Ruling =
  /** A new frame of the chain. */
  | { readonly kind: 'accepted'; readonly candidate: Candidate; readonly frame: Frame }
  | { readonly kind: 'known'; readonly candidate: Candidate; readonly frame: Frame }
  /** Not above the checkpoint: nothing wrong, nothing new. */
  | { readonly kind: 'behind'; readonly candidate: Candidate }
  | {
      readonly kind: 'refused'
      readonly candidate: Candidate
      /** An honest peer does not send this. */
      readonly lie: boolean
      /** It does not link to the newest verified frame, which may be the wrong one. */
      readonly forks: boolean
      /** No verdict: the header may be tried again. */
      readonly undecided: boolean
      /** The same bytes were refused before. */
      readonly again: boolean
      readonly finding: Finding
    }
  /** The verdict on something that was only to be judged, or is too old to be kept. */
  | { readonly kind: 'judged'; readonly candidate: Candidate; readonly finding: Finding }
  | { readonly kind: 'equivocation'; readonly evidence: StoredEvidence }
  | { readonly kind: 'timeProof'; readonly frame: Frame; readonly check: Check }
  | { readonly kind: 'unusable'; readonly cause: 'anchors' | 'engine'; readonly reason: string }
