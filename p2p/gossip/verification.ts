/**
 * Signatures are verified some at a time, in tasks of their own: those that wait together take less work than one by one, and a flood of them does
 * not keep a worker from everything else.
 */
import { soon } from '../soon.ts'
import type { SignatureClaim, SignatureVerifier } from './keys.ts'

interface Waiting {
  readonly claim: SignatureClaim
  answer(valid: boolean | null): void
}

export class Verification {
  readonly #verify: SignatureVerifier
  readonly #perTask: number
  readonly #onError: (error: Error) => void
  #waiting: Waiting[] = []
  #stopped = false

  /** `perTask`: most that are verified without a rest. How many wait is bounded by the router. `onError`: the verifier failed. */
  constructor(verify: SignatureVerifier, perTask: number, onError: (error: Error) => void) {
    this.#verify = verify
    this.#perTask = perTask
    this.#onError = onError
  }

  /** Answers later, unless it is stopped before: null where the verifier failed, which says nothing of the signature. */
  add(claim: SignatureClaim, answer: (valid: boolean | null) => void): void {
    this.#waiting.push({ claim, answer })
    if (this.#waiting.length === 1) soon(() => this.#work())
  }

  stop(): void {
    this.#stopped = true
    this.#waiting = []
  }

  #work(): void {
    if (this.#stopped) return
    const some = this.#waiting.splice(0, this.#perTask)
    if (this.#waiting.length > 0) soon(() => this.#work())
    const verdicts = this.#verdicts(some)
    for (const [at, { answer }] of some.entries()) {
      const verdict = verdicts[at] ?? null
      if (verdict instanceof Promise) verdict.catch((thrown) => this.#failed(thrown)).then(answer)
      else answer(verdict)
    }
  }

  #verdicts(some: readonly Waiting[]): readonly (boolean | Promise<boolean>)[] {
    try {
      return this.#verify(some.map(({ claim }) => claim))
    } catch (thrown) {
      this.#failed(thrown)
      return []
    }
  }

  #failed(thrown: unknown): null {
    this.#onError(thrown instanceof Error ? thrown : new Error(String(thrown)))
    return null
  }
}
