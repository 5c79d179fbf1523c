/** A timer that keeps no Node process alive; browsers have nothing to be told. */
export function inBackground(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === 'object') timer.unref()
}
