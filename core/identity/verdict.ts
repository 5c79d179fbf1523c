/** Verdicts on records of peers: a record that must be refused is an expected outcome, not an exception. */

export interface Refusal<Reason extends string> {
  readonly valid: false
  /** Stable word for the rule that was broken. */
  readonly reason: Reason
  /** The same for a person, with the values. */
  readonly text: string
}

export const refuse = <Reason extends string>(reason: Reason, text: string): Refusal<Reason> => ({
  valid: false,
  reason,
  text,
})
