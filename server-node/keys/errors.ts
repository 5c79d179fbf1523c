import { NodeError, type NodeErrorCode } from '../errors.ts'

/** Why keys cannot be read, written or used. The text says what happened and what to do, and never holds key material. */
export type KeyStoreErrorCode =
  | 'form' // a file is not what it should be: YAML, members, hex
  | 'encryptionKey' // the key of keys.yml is missing or no 32 bytes
  | 'passphrase' // the passphrase is missing or wrong, or the file was changed
  | 'exists' // an id or a file is there already: nothing is overwritten
  | 'missing' // an id or a file is not there
  | 'mismatch' // a private key does not belong to its public key
  | 'type' // a key type that is not stored
  | 'access' // the operating system refuses

export class KeyStoreError extends Error {
  readonly code: KeyStoreErrorCode
  constructor(code: KeyStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KeyStoreError'
    this.code = code
  }
}

/** The same for the caller of `startNode`: what is neither passphrase nor operating system gets `otherwise`. Other errors stay as they are. */
export function nodeErrorOf(error: unknown, otherwise: NodeErrorCode): unknown {
  if (!(error instanceof KeyStoreError)) return error
  const codes: Partial<Record<KeyStoreErrorCode, NodeErrorCode>> = { passphrase: 'passphrase', access: 'data' }
  return new NodeError(codes[error.code] ?? otherwise, error.message, { cause: error })
}
