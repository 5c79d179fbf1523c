export interface Ed448Signer {
  sign(message: Uint8Array): Uint8Array
  wipe(): void
}

/** What does Ed448 (RFC 8032, no context) for host keys. */
export interface Ed448Provider {
  /** `seed`: 57 bytes. The public key has as many. */
  publicKey(seed: Uint8Array): Uint8Array
  /** 114 bytes. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array
  /** What signs for a seed again and again, with less work than from the seed; `wipe` zeroes what it holds of the secret. */
  signer?(seed: Uint8Array): Ed448Signer
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** The verdicts of `verify`, 1 or 0 each, where many together take less work than one by one. */
  verifyBatch?(publicKeys: Uint8Array[], messages: Uint8Array[], signatures: Uint8Array[]): Uint8Array
}
