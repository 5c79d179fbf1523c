/** Progress for a person: one changing line on a terminal, plain lines elsewhere. Everything goes to stderr. */
import { performance } from 'node:perf_hooks'

const HEARTBEAT_MILLIS = 30_000
const REDRAW_MILLIS = 200

/** `4.2 s`, `73 s`, `3 min 05 s`. */
export function duration(millis) {
  const seconds = millis / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

export class Terminal {
  #out
  #start = performance.now()
  #running = new Map()
  #timer
  #drawn = false

  constructor(out = process.stderr) {
    this.#out = out
  }

  elapsed() {
    return performance.now() - this.#start
  }

  line(text) {
    this.#clear()
    this.#out.write(`${text}\n`)
    this.#draw()
  }

  begin(title, hint) {
    this.#running.set(title, { since: performance.now(), latest: '', beat: performance.now() })
    if (!this.#out.isTTY) this.line(`  ${title} ...${hint ? ` (${hint})` : ''}`)
    this.#timer ??= setInterval(() => this.#tick(), REDRAW_MILLIS)
    this.#timer.unref()
    this.#draw()
  }

  /** Last line of output of a running step. */
  latest(title, text) {
    const step = this.#running.get(title)
    if (step && text.trim() !== '') step.latest = text.trim()
  }

  end(title, ok, remark = '') {
    const step = this.#running.get(title)
    this.#running.delete(title)
    const took = step ? duration(performance.now() - step.since) : ''
    this.line(`  ${ok ? 'done  ' : 'FAILED'} ${title}${remark ? `: ${remark}` : ''}  ${took}`)
    if (this.#running.size === 0) this.close()
  }

  close() {
    this.#clear()
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick() {
    if (this.#out.isTTY) return this.#draw()
    for (const [title, step] of this.#running) {
      if (performance.now() - step.beat < HEARTBEAT_MILLIS) continue
      step.beat = performance.now()
      this.line(`  ${title} ... ${duration(performance.now() - step.since)}  ${step.latest.slice(0, 80)}`)
    }
  }

  #draw() {
    if (!this.#out.isTTY || this.#running.size === 0) return
    const steps = [...this.#running].map(([title, step]) => {
      return `${title} ${duration(performance.now() - step.since)}  ${step.latest}`
    })
    const width = (this.#out.columns ?? 80) - 1
    const share = Math.max(20, Math.floor((width - 2) / steps.length) - 3)
    const text = steps.map((step) => step.slice(0, share)).join(' | ')
    this.#out.write(`\r\x1b[2K  ${text.slice(0, width - 2)}`)
    this.#drawn = true
  }

  #clear() {
    if (this.#drawn) this.#out.write('\r\x1b[2K')
    this.#drawn = false
  }
}
