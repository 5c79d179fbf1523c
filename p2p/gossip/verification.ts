/**
 * Signatures are verified some at a time, in tasks of their own: those that wait together take less work than one by one, and a flood of them does
 * not keep a worker from everything else.
 */
import { soon } from '../soon.ts'
import type { SignatureClaim, SignatureVerifier } from './keys.ts'

interface Waiting {
  readonly claim: SignatureClaim
  answer(valid: boolean): void
}

export class Verification {
  readonly #verify: SignatureVerifier
  readonly #perTask: number
  #waiting: Waiting[] = []
  #stopped = false

  /** `perTask`: most that are verified without a rest. How many wait is bounded by the router. */
  constructor(verify: SignatureVerifier, perTask: number) {
    this.#verify = verify
    this.#perTask = perTask
  }

  /** Answers later, unless it is stopped before. */
  add(claim: SignatureClaim, answer: (valid: boolean) => void): void {
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
      const verdict = verdicts[at] ?? false
      if (typeof verdict === 'boolean') answer(verdict)
      else verdict.then(answer, () => answer(false))
    }
  }

  /** None holds where the verifier fails. */
  #verdicts(some: readonly Waiting[]): readonly (boolean | Promise<boolean>)[] {
    try {
      return this.#verify(some.map(({ claim }) => claim))
    } catch {
      return []
    }
  }
}
