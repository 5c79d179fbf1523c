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

/** Until the returned function is called; what fails after that is nobody's concern. */
export function startAnnouncing({
  make,
  publish,
  everyMillis = PUBLISH_MILLIS,
  onFailure,
}: AnnouncerOptions): () => void {
  let stopped = false
  const announce = async () => {
    try {
      for (const bytes of make()) {
        if (stopped) return
        await publish(bytes)
      }
    } catch (error) {
      if (!stopped) onFailure?.(error)
    }
  }
  void announce()
  const timer = setInterval(() => void announce(), everyMillis)
  return () => {
    stopped = true
    clearInterval(timer)
  }
}
