/** One set-up at a time: the second waits for the first, and takes over when the first was killed. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MILLIS = 250
/** A take-over lasts milliseconds; one older than this was killed half-way. */
const TAKE_OVER_MILLIS = 5000

function create(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function ownerOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function isAlive(owner) {
  const pid = Number(owner)
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('setup.mjs')
  } catch {
    return true // no /proc here: the process exists, more cannot be known
  }
}

/** Removes the lock of a dead owner, unless another waiter does it right now. */
function takeOver(file, owner) {
  const token = `${file}.take-over`
  if (!create(token)) {
    const age = Date.now() - (statSync(token, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > TAKE_OVER_MILLIS) rmSync(token, { force: true })
    return
  }
  if (ownerOf(file) === owner) rmSync(file, { force: true })
  rmSync(token, { force: true })
}

/** Waits for the lock; answers the function that releases it. `onWait(pid)` is called once when there is another owner. */
export async function lock(file, onWait) {
  mkdirSync(dirname(file), { recursive: true })
  let told = false
  let empty = 0
  while (!create(file)) {
    const owner = ownerOf(file)
    if (owner === undefined) continue
    // an owner writes its number right after creating the file: give it a moment
    empty = owner === '' ? empty + 1 : 0
    if ((owner === '' && empty > 8) || (owner !== '' && !isAlive(owner))) {
      takeOver(file, owner)
      continue
    }
    if (!told) onWait(owner)
    told = true
    await sleep(POLL_MILLIS)
  }
  return () => {
    if (ownerOf(file) === String(process.pid)) rmSync(file, { force: true })
  }
}
