/** Host keys by the project's own Ed448 (docs/protocol/50-p2p.md section 1). */
import { privateKeyFromRaw, useEd448 } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import type { FullEngine } from '@petal/core/platform/engine.ts'

type Engine = Pick<
  FullEngine,
  'ed448PublicKey' | 'ed448Sign' | 'ed448ExpandedKey' | 'ed448SignExpanded' | 'ed448Verify' | 'ed448VerifyBatch'
>

/** From now on host keys of this process sign and verify by the engine. */
export function useEngineForHostKeys(engine: Engine): void {
  useEd448({
    publicKey: (seed) => engine.ed448PublicKey(seed),
    sign: (seed, message) => engine.ed448Sign(seed, message),
    signer: (seed) => {
      const key = engine.ed448ExpandedKey(seed)
      return { sign: (message) => engine.ed448SignExpanded(key, message), wipe: () => key.fill(0) }
    },
    verify: (publicKey, message, signature) => engine.ed448Verify(publicKey, message, signature),
    verifyBatch: (keys, messages, signatures) => engine.ed448VerifyBatch(keys, messages, signatures),
  })
}

const SEED_BYTES = 57

/** Host key of a seed of 57 bytes. Throws `RangeError` for another length. */
export function hostKeyOfSeed(seed: Uint8Array): PrivateKey {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a host key seed of ${seed.length} bytes`)
  return privateKeyFromRaw(seed)
}
