/** One class per cause, each with its stable `code`: what every call of the client rejects with. */
import type { ClientErrorCode } from './types.ts'

/** What went wrong and, in its text, what to do. Branch on `code`. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ClientError'
    this.code = code
  }
}

/** The anchors are missing, malformed or too old. */
export class AnchorsError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('anchors', message, options)
    this.name = 'AnchorsError'
  }
}

/** `ready()` waited as long as it was told to. */
export class ReadyTimeoutError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('timeout', message, options)
    this.name = 'ReadyTimeoutError'
  }
}

/** No node could be reached. */
export class NoPeersError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('noPeers', message, options)
    this.name = 'NoPeersError'
  }
}

/** Nothing can be verified here: WebAssembly or workers are blocked. */
export class EngineUnavailableError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('engine', message, options)
    this.name = 'EngineUnavailableError'
  }
}

/** A header did not verify and the policy is `refuse`, or no node sent a proof of a value that holds. */
export class RefusedError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('refused', message, options)
    this.name = 'RefusedError'
  }
}

/** No node has that frame or its state, or there is nothing verified yet. */
export class NotFoundError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('notFound', message, options)
    this.name = 'NotFoundError'
  }
}

/** Evidence of equivocation stopped the client. */
export class HaltedError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('halted', message, options)
    this.name = 'HaltedError'
  }
}

/** The client's worker ended, or does not answer any more. What was verified is kept: a new client goes on from it. */
export class CrashedError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('crashed', message, options)
    this.name = 'CrashedError'
  }
}

/** The client was stopped, or not started. */
export class StoppedError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('stopped', message, options)
    this.name = 'StoppedError'
  }
}

/** A programming mistake of the caller. */
export class ArgumentsError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('arguments', message, options)
    this.name = 'ArgumentsError'
  }
}

/** A checkpoint file that cannot be used. */
export class ImportError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('import', message, options)
    this.name = 'ImportError'
  }
}

/** The identity of this browser cannot be used: see `code` and the text. */
export class IdentityError extends ClientError {
  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.name = 'IdentityError'
  }
}

type IdentityErrorCode = Extract<ClientErrorCode, 'identity' | 'passphrase' | 'exists' | 'locked' | 'passkey'>

const identityError = (code: IdentityErrorCode) =>
  class extends IdentityError {
    constructor(message: string, options?: ErrorOptions) {
      super(code, message, options)
    }
  }

/** A message was not published, or a topic cannot be subscribed to. */
export class GossipRefusedError extends ClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('gossip', message, options)
    this.name = 'GossipRefusedError'
  }
}

const classes = {
  anchors: AnchorsError,
  timeout: ReadyTimeoutError,
  noPeers: NoPeersError,
  engine: EngineUnavailableError,
  refused: RefusedError,
  notFound: NotFoundError,
  halted: HaltedError,
  crashed: CrashedError,
  stopped: StoppedError,
  arguments: ArgumentsError,
  import: ImportError,
  identity: identityError('identity'),
  passphrase: identityError('passphrase'),
  exists: identityError('exists'),
  locked: identityError('locked'),
  passkey: identityError('passkey'),
  gossip: GossipRefusedError,
} satisfies Record<ClientErrorCode, new (message: string, options?: ErrorOptions) => ClientError>

/** The error of that cause. */
export function clientError(code: ClientErrorCode, message: string, options?: ErrorOptions): ClientError {
  return new classes[code](message, options)
}
