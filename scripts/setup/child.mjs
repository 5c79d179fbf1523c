/** Runs one program quietly: its output goes to a log, the last lines of which are shown when it fails. */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { SetupError } from './errors.mjs'

const TAIL_LINES = 30
const running = new Set()

/** Environment of a child: `node_modules/.bin` first, or (for npm itself, which replaces that folder) not at all. */
export function environment(root, { withBin = true, extra = {} } = {}) {
  const environment = {}
  for (const [key, value] of Object.entries(process.env)) {
    if (!/^npm_(package|lifecycle)_/.test(key)) environment[key] = value
  }
  const bin = join(root, 'node_modules', '.bin')
  const path = (environment.PATH ?? '').split(delimiter).filter((entry) => !/node_modules[\\/]\.bin[\\/]?$/.test(entry))
  environment.PATH = (withBin ? [bin, ...path] : path).join(delimiter)
  return { ...environment, ...extra }
}

/** Resolves when `command` ended with 0; otherwise rejects with a `SetupError` that shows the end of its output. */
export function runQuietly({ command, args, cwd, env, log, onLine = () => {} }) {
  mkdirSync(join(log, '..'), { recursive: true })
  const sink = createWriteStream(log, { flags: 'a' })
  sink.write(`$ ${[command, ...args].join(' ')}\n`)
  // its own process group, so that an interrupt ends the grandchildren (rustc, linkers) too
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  running.add(child)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      sink.write(chunk)
      const lines = chunk
        .toString()
        .split(/[\r\n]+/)
        .filter((line) => line.trim() !== '')
      if (lines.length > 0) onLine(lines[lines.length - 1])
    })
  }
  return new Promise((resolve, reject) => {
    const end = (problem) => {
      running.delete(child)
      sink.end(() => (problem === undefined ? resolve() : reject(new SetupError(problem, { tail: tailOf(log), log }))))
    }
    child.once('error', (error) => end(`${command} could not be started: ${error.message}`))
    child.once('close', (code, signal) =>
      end(code === 0 ? undefined : `${command} ended with ${signal ?? `code ${code}`}`),
    )
  })
}

/** Ends every program that is still running, with all that it started. */
export function stopChildren(signal = 'SIGTERM') {
  for (const child of running) {
    try {
      process.kill(-child.pid, signal)
    } catch {
      // ended in the meantime
    }
  }
}

function tailOf(log) {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-TAIL_LINES)
}
