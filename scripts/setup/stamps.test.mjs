import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { filesBelow, Stamps } from './stamps.mjs'

let root
let stampFile

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'petal-stamps-'))
  stampFile = join(root, '.petal/stamps.json')
  mkdirSync(join(root, 'room/inner'), { recursive: true })
  writeFileSync(join(root, 'room/a.ts'), 'a')
  writeFileSync(join(root, 'room/inner/b.ts'), 'b')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const fingerprint = (skip, extra) => new Stamps(root, stampFile).fingerprint(['room', 'absent'], skip, extra)

test('results, caches and hidden files are no input', () => {
  const before = fingerprint()
  for (const folder of ['node_modules', 'target', 'dist', '.vite']) {
    mkdirSync(join(root, 'room', folder))
    writeFileSync(join(root, 'room', folder, 'x'), 'x')
  }
  expect(fingerprint()).toBe(before)
  expect(filesBelow(root, 'room').map(({ path }) => path)).toEqual(['room/a.ts', 'room/inner/b.ts'])
})

test('a result folder that is named itself is an input', () => {
  mkdirSync(join(root, 'room/dist'))
  writeFileSync(join(root, 'room/dist/x'), 'x')
  expect(filesBelow(root, 'room/dist')).toHaveLength(1)
})

test('a changed, new, renamed or removed file changes the fingerprint', () => {
  const seen = new Set([fingerprint()])
  writeFileSync(join(root, 'room/a.ts'), 'c')
  seen.add(fingerprint())
  writeFileSync(join(root, 'room/d.ts'), 'd')
  seen.add(fingerprint())
  rmSync(join(root, 'room/d.ts'))
  writeFileSync(join(root, 'room/e.ts'), 'd')
  seen.add(fingerprint())
  rmSync(join(root, 'room/inner'), { recursive: true })
  seen.add(fingerprint())
  expect(seen.size).toBe(5)
})

test('the same content written again gives the same fingerprint, also with remembered hashes', () => {
  const stamps = new Stamps(root, stampFile)
  const before = stamps.fingerprint(['room'])
  stamps.save()
  writeFileSync(join(root, 'room/a.ts'), 'a')
  expect(new Stamps(root, stampFile).fingerprint(['room'])).toBe(before)
})

test('a change of the same length is seen with remembered hashes', () => {
  const stamps = new Stamps(root, stampFile)
  const before = stamps.fingerprint(['room'])
  stamps.save()
  writeFileSync(join(root, 'room/a.ts'), 'z')
  expect(new Stamps(root, stampFile).fingerprint(['room'])).not.toBe(before)
})

test('what is skipped does not count, extra strings do', () => {
  const skip = (path) => path.endsWith('b.ts')
  const before = fingerprint(skip)
  writeFileSync(join(root, 'room/inner/b.ts'), 'changed')
  expect(fingerprint(skip)).toBe(before)
  expect(fingerprint(skip, ['-C opt-level=0'])).not.toBe(before)
})

test('a success is remembered by the next run, and a damaged stamp file counts as empty', () => {
  new Stamps(root, stampFile).succeeded('step', 'print')
  expect(new Stamps(root, stampFile).isCurrent('step', 'print')).toBe(true)
  expect(new Stamps(root, stampFile).isCurrent('step', 'other')).toBe(false)
  writeFileSync(stampFile, '{"steps": {"st')
  expect(new Stamps(root, stampFile).isCurrent('step', 'print')).toBe(false)
})
