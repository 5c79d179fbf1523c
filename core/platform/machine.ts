/** Milliseconds since the Unix epoch, as the driver's clock says. */
export type Millis = number

/**
 * The shape of every protocol part: fed events, answers effects, never waits and never looks at a clock.
 * A driver performs the effects in order; effects listed after a `persist` wait until it is acknowledged.
 */
export interface Machine<Event, Effect> {
  handle(event: Event, now: Millis): readonly Effect[]
}
