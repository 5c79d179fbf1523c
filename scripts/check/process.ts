/** Runs a program of a check and keeps what it says. */
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

export interface Outcome {
  readonly ok: boolean
  /** What a person must read when it is not ok; when it is, at most a short remark. */
  readonly detail: string
}

const KEPT_BYTES = 200_000

/** Ends well when the program ends with 0. Everything it wrote is the detail, its beginning dropped when it is much. */
export function command(name: string, args: readonly string[], cwd = root): Promise<Outcome> {
  const bin = join(root, 'node_modules', '.bin')
  const env = { ...process.env, PATH: [bin, process.env.PATH ?? ''].join(delimiter), NO_COLOR: '1' }
  return new Promise((resolve) => {
    const child = spawn(name, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-KEPT_BYTES)
      })
    }
    child.once('error', (error) => resolve({ ok: false, detail: `${name} could not be started: ${error.message}` }))
    child.once('close', (code, signal) => {
      if (code === 0) resolve({ ok: true, detail: '' })
      else resolve({ ok: false, detail: `${said.trim()}\n${name} ended with ${signal ?? `code ${code}`}` })
    })
  })
}

/** A check that collects problems: ok when there are none. */
export function verdict(problems: readonly string[], remark = ''): Outcome {
  return problems.length === 0 ? { ok: true, detail: remark } : { ok: false, detail: problems.join('\n') }
}
