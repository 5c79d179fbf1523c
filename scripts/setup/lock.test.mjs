import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHILD_MARK, lock } from './lock.mjs'

let root
let file
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'petal-lock-'))
  file = join(root, '.petal/setup.lock')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const nobody = () => expect.unreachable('nobody holds the lock')
const ended = (child) => new Promise((resolve) => child.once('close', resolve))

/** Leaves the lock of a process that has ended. */
async function leaveStaleLock() {
  const dead = spawn('true')
  await ended(dead)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, String(dead.pid))
}

/** A process that looks like a set-up, with the lock module and `file` at hand. */
function setUpLike(body) {
  const script = `const fs = await import('node:fs'); const file = ${JSON.stringify(file)}
    const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis))
    const { lock } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.mjs'))})
    ${body}`
  return spawn(process.execPath, ['--input-type=module', '-e', script, 'setup.mjs'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('a lock is taken, released, and taken again', async () => {
  const { release } = await lock(file, nobody)
  expect(existsSync(file)).toBe(true)
  release()
  expect(existsSync(file)).toBe(false)
  ;(await lock(file, nobody)).release()
})

test('the lock of a process that was killed is taken over', async () => {
  await leaveStaleLock()
  const { release } = await lock(file, nobody)
  expect(readFileSync(file, 'utf8')).toBe(String(process.pid))
  release()
})

test('a second set-up waits for the first, and says whose end it waits for', async () => {
  const holder = setUpLike(`const { release } = await lock(file); console.log('held'); await sleep(700); release()`)
  const end = ended(holder)
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  const waitedFor = []
  const { release } = await lock(file, (pid) => waitedFor.push(pid))
  expect(waitedFor).toEqual([String(holder.pid)])
  release()
  await end
})

test('a program that goes on after its set-up was killed is waited for; another one with its number is not', async () => {
  const script = ['-e', 'setTimeout(() => {}, 700)']
  const child = spawn(process.execPath, script, { env: { ...process.env, [CHILD_MARK]: '999999999' } })
  const stranger = spawn(process.execPath, script)
  const end = ended(child)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `999999999 ${child.pid}`)
  const waitedFor = []
  const held = await lock(file, (pid) => waitedFor.push(pid))
  expect(waitedFor).toEqual(['999999999'])
  held.runs([child.pid])
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid} ${child.pid}`)
  held.release()
  expect(existsSync(file)).toBe(false)
  writeFileSync(file, `999999999 ${stranger.pid}`)
  ;(await lock(file, nobody)).release()
  await end
})

test('many at once over a stale lock: each gets it alone', async () => {
  await leaveStaleLock()
  const journal = join(root, 'journal')
  const body = `for (let round = 0; round < 3; round++) {
      const { release } = await lock(file, () => {})
      fs.appendFileSync(${JSON.stringify(journal)}, 'in ' + process.pid + '\\n'); await sleep(3)
      fs.appendFileSync(${JSON.stringify(journal)}, 'out ' + process.pid + '\\n'); release()
    }`
  expect(await Promise.all([1, 2, 3, 4].map(() => ended(setUpLike(body))))).toEqual([0, 0, 0, 0])
  const lines = readFileSync(journal, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(24)
  for (let at = 0; at < lines.length; at += 2) {
    expect(lines[at + 1]).toBe(lines[at]?.replace('in', 'out'))
  }
})
