/** Runs one program quietly: its output goes to a log, the last lines of which are shown when it fails. */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SetupError } from './errors.mjs'
import { CHILD_MARK } from './lock.mjs'

const TAIL_LINES = 30
const PATIENCE_MILLIS = 3000
const running = new Set()
let watcher = () => {}

/** `callback(pids)` is called whenever a program begins or ends. */
export function watchChildren(callback) {
  watcher = callback
}

function changed() {
  watcher([...running].map(({ pid }) => pid).filter((pid) => pid !== undefined))
}

/** Environment of a child: `node_modules/.bin` first, or (for npm itself, which replaces that folder) not at all. */
export function environment(root, { withBin = true, extra = {} } = {}) {
  const environment = {}
  for (const [key, value] of Object.entries(process.env)) {
    if (!/^npm_(package|lifecycle)_/.test(key)) environment[key] = value
  }
  const bin = join(root, 'node_modules', '.bin')
  const path = (environment.PATH ?? '').split(delimiter).filter((entry) => !/node_modules[\\/]\.bin[\\/]?$/.test(entry))
  environment.PATH = (withBin ? [bin, ...path] : path).join(delimiter)
  return { ...environment, [CHILD_MARK]: String(process.pid), ...extra }
}

/** Resolves when `command` ended with 0; otherwise rejects with a `SetupError` that shows the end of its output. */
export function runQuietly({ command, args, cwd, env, log, onLine = () => {} }) {
  mkdirSync(join(log, '..'), { recursive: true })
  const sink = createWriteStream(log, { flags: 'a' })
  sink.write(`$ ${[command, ...args].join(' ')}\n`)
  // its own process group, so that an interrupt ends the grandchildren (rustc, linkers) too
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  running.add(child)
  changed()
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
      changed()
      sink.end(() => (problem === undefined ? resolve() : reject(new SetupError(problem, { tail: tailOf(log), log }))))
    }
    child.once('error', (error) => end(`${command} could not be started: ${error.message}`))
    child.once('close', (code, signal) =>
      end(code === 0 ? undefined : `${command} ended with ${signal ?? `code ${code}`}`),
    )
  })
}

/** Ends every program that is still running, with all that it started; by force when asking does not help. */
export async function stopChildren() {
  signalAll('SIGTERM')
  const end = Date.now() + PATIENCE_MILLIS
  while (running.size > 0 && Date.now() < end) await sleep(20)
  signalAll('SIGKILL')
}

function signalAll(signal) {
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
