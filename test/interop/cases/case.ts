/** One thing that is tried, by whichever runner. */
export interface Case {
  readonly name: string
  /** Rejects when it does not hold. */
  run(): Promise<void>
}
