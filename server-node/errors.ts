/** Why the node cannot start or go on. The text says what happened and what to do; callers branch on `code`. */
export type NodeErrorCode =
  | 'options' // an option has no meaning; exit code 2
  | 'busyPort' // another program listens there
  | 'dataInUse' // another process works on the data directory
  | 'data' // the data directory cannot be read or written
  | 'corrupt' // a file in the data directory is not what this program wrote
  | 'rollback' // the state is older than what this node has signed, or is not known to be as new
  | 'passphrase' // secrets are encrypted and the passphrase is missing or wrong
  | 'keys' // the keys of another node that it was told to use cannot be used
  | 'replay' // the file of recorded frames cannot be used
  | 'join' // no node of the network answers, or its description cannot be used
  | 'stopped' // it was told to stop before it was ready
  | 'genesis' // another network than the one that is trusted
  | 'engine' // the native addon is missing or does not load
  | 'produce' // a frame made here does not verify

export class NodeError extends Error {
  readonly code: NodeErrorCode
  constructor(code: NodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NodeError'
    this.code = code
  }
}

/** `code` of an error of Node's own libraries (`ENOENT`, `EADDRINUSE`, ..), if it has one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export { messageOf } from '@petal/p2p/errors.ts'
