import type { FullEngine } from '../../core/platform/engine.ts'

/** Remembers discriminants by challenge: mutated headers of one file share few challenges, and the search is slow. */
export function discriminantCache(engine: FullEngine): (challengeHex: string) => Uint8Array {
  const known = new Map<string, Uint8Array>()
  return (challengeHex) => {
    const challenge = Uint8Array.from(Buffer.from(challengeHex, 'hex'))
    const found = known.get(challengeHex) ?? engine.vdfDiscriminant(challenge, 2048)
    known.set(challengeHex, found)
    return found
  }
}
