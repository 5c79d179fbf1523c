/** Number of a network in the names of its protocols, by its name (spec 50 sections 3 and 5, spec 53 section 1). Nodes and tabs decide it here. */

export const MAINNET = 0
/** Networks that somebody runs for themselves, `petal-node --network local` and replays of recordings among them. */
const OWN = 99

export const networkNumberOf = (network: string): number => (network === 'mainnet' ? MAINNET : OWN)
