/**
 * Names a network by what a node of it trusts. The identity of frame 0 does not: it is that of an output of zeros, the same in every local
 * network. The committee differs, and certifies all the rest.
 */
import { createHash } from 'node:crypto'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'

const LABEL = 'petal genesis 1'

/** SHA-256, hex, over network, profile, committee and rules. */
export function genesisDigest({ network, profile, anchors }: NetworkDescription): string {
  const { committee, rules } = anchors
  const members = committee?.members.map(({ publicKey, weight }) => [publicKey, weight]) ?? []
  const { genesisNumber, genesisIdentity, proverInCommittee, difficultyFloor, signersByKey = false } = rules
  const trusted = [
    LABEL,
    network,
    profile,
    members,
    committee?.threshold ?? null,
    genesisNumber,
    genesisIdentity,
    proverInCommittee,
    difficultyFloor,
    signersByKey,
  ]
  return createHash('sha256').update(JSON.stringify(trusted)).digest('hex')
}
