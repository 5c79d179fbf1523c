/** Number of a network in the names of its protocols (spec 50 section 5). */

const MAINNET = 0
/** Networks that somebody runs for themselves, `petal-node --network local` among them. */
const OWN = 99

export const networkNumberOf = (network: string): number => (network === 'mainnet' ? MAINNET : OWN)
