import { concatBytes } from '@noble/hashes/utils.js'
import { stateCompliance } from '../platform/state-compliance.ts'
import { madeUpTrees } from '../sync/made-up.ts'
import { MemoryState } from './memory-state.ts'

/** Made-up proofs: the suite looks at whether there is one, real ones are the business of the crates. */
const make = async () => new MemoryState(madeUpTrees, (_leaves, keys) => concatBytes(...keys))

stateCompliance('in memory', { make, proves: true })
