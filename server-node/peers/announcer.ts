/** Publishes what this node says about itself, at start and every half hour (spec 51 section 2): made anew each time, never stored and sent later. */
import { PUBLISH_MILLIS } from './own-peer-info.ts'

export interface AnnouncerOptions {
  /** Canonical bytes of records of now; none to stay silent. */
  readonly make: () => readonly Uint8Array[]
  /** Publishes on the topic of peers. */
  readonly publish: (bytes: Uint8Array) => Promise<void> | void
  readonly everyMillis?: number
  readonly onFailure?: (error: unknown) => void
}

export interface Announcer {
  /** Says it again now, for instance when an address changed. */
  now(): Promise<void>
  stop(): void
}

export function startAnnouncing({
  make,
  publish,
  everyMillis = PUBLISH_MILLIS,
  onFailure,
}: AnnouncerOptions): Announcer {
  const now = async () => {
    try {
      for (const bytes of make()) await publish(bytes)
    } catch (error) {
      onFailure?.(error)
    }
  }
  void now()
  const timer = setInterval(() => void now(), everyMillis)
  return { now, stop: () => clearInterval(timer) }
}
