/** What the network `local` is made of (spec 11 section 4.5, 31 section 10.3), where the specification leaves a choice. */
import { networkNumberOf } from '@petal/core/identity/network-number.ts'

const NAME = 'local'

export const LOCAL = {
  network: NAME,
  networkNumber: networkNumberOf(NAME),
  profile: '2.1.0.24',
  genesisNumber: 0n,
  committeeSize: 4,
  /** Weight of each member at genesis (spec 31 section 10.3). */
  seniority: 1000n,
  /** Below this a time proof shows nothing worth showing (spec 11 VH-3); the mainnet's floor is 50,000. */
  difficultyFloor: 1_000,
  difficultyCeiling: 20_000_000,
  /** Share of the frame interval that one core may spend on a time proof. */
  solveShare: 0.25,
  /** Requests root of a frame without requests: zeros. */
  requestsRootBytes: 64,
  outputBytes: 516,
  selectorBytes: 32,
} as const
