/** Tells an operator, once each time, that the disk has reached another level (docs/operate.md). */
import type { NodeEvent } from '../options.ts'
import type { DiskLevel } from './addon.ts'

const LEVELS: readonly DiskLevel[] = ['normal', 'notice', 'warning', 'readOnly']

const TEXTS: Readonly<Record<DiskLevel, string>> = {
  normal: 'the disk has room again',
  notice: 'the disk is filling up',
  warning: 'the disk is nearly full: free space soon, or frames stop',
  readOnly: 'the disk is too full for frames: free space, then start again',
}

export class DiskWatch {
  readonly #onEvent: (event: NodeEvent) => void
  #level: DiskLevel = 'normal'

  constructor(onEvent: (event: NodeEvent) => void) {
    this.#onEvent = onEvent
  }

  observe(level: DiskLevel): void {
    if (level === this.#level) return
    const fell = LEVELS.indexOf(level) < LEVELS.indexOf(this.#level)
    this.#level = level
    const message = fell && level !== 'normal' ? `the disk has more room, but ${TEXTS[level]}` : TEXTS[level]
    this.#onEvent({ event: 'disk', level, message })
  }
}
