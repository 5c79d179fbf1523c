/** Ed448 in a browser until a program hands in its own (`useEd448`). */
import { ed448 } from '@noble/curves/ed448.js'
import type { Ed448Provider } from './provider.ts'

export const platformEd448: Ed448Provider = {
  publicKey: (seed) => ed448.getPublicKey(seed),
  sign: (seed, message) => ed448.sign(message, seed),
  verify: (publicKey, message, signature) => ed448.verify(signature, message, publicKey, { zip215: false }),
}
