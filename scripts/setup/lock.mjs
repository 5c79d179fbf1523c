/** One set-up at a time: the second waits for the first, and takes over when the first was killed. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Environment variable by which the programs that a set-up runs are known. */
export const CHILD_MARK = 'PETAL_SETUP'
const POLL_MILLIS = 250
/** A take-over lasts milliseconds; one older than this was killed half-way. */
const TAKE_OVER_MILLIS = 5000

function create(file, content = String(process.pid)) {
  try {
    writeFileSync(file, content, { flag: 'wx' })
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

/** Is this process there, and is it what `mark` shows (in /proc/PID/`file`)? Numbers of dead processes are given away again. */
function isRunning(pid, file, mark) {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(mark)
  } catch {
    return process.platform !== 'linux' // without /proc no more can be known than that it exists
  }
}

/** `owner`: number of the set-up, then those of the programs it runs, which go on for a while when it is killed. */
function isAlive(owner) {
  const [setUp, ...children] = owner.split(' ').map(Number)
  return (
    isRunning(setUp, 'cmdline', 'setup.mjs') ||
    children.some((pid) => isRunning(pid, 'environ', `${CHILD_MARK}=${setUp}`))
  )
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

/**
 * Waits for the lock; answers `release()` and `runs(pids)`, which notes the programs that run now.
 * `onWait(pid)` is called once when there is another owner.
 */
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
    if (!told) onWait(owner.split(' ')[0])
    told = true
    await sleep(POLL_MILLIS)
  }
  const isOurs = () => ownerOf(file)?.split(' ')[0] === String(process.pid)
  return {
    release() {
      if (isOurs()) rmSync(file, { force: true })
    },
    runs(pids) {
      if (!isOurs()) return
      writeFileSync(`${file}.next`, [process.pid, ...pids].join(' '))
      renameSync(`${file}.next`, file)
    },
  }
}
