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
