/** Exit codes of the set-up: part of its interface. */
export const EXIT = { failed: 1, usage: 2, toolMissing: 3, interrupted: 130, terminated: 143 }

/** Something that a person must read; `tail` = last lines of the program that failed, `log` = all of them. */
export class SetupError extends Error {
  constructor(message, { tail = [], log, exitCode = EXIT.failed } = {}) {
    super(message)
    this.name = 'SetupError'
    this.tail = tail
    this.log = log
    this.exitCode = exitCode
  }
}
