import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DUE_FILES } from './due.ts'
import { runnersOf } from './table.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'petal-conformance-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (path: string, content: unknown): void => {
  mkdirSync(dirname(join(directory, path)), { recursive: true })
  writeFileSync(join(directory, path), typeof content === 'string' ? content : JSON.stringify(content))
}

const run = (...args: readonly string[]) => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, directory, ...args], { encoding: 'utf8' })
  return { lines: stdout.trimEnd().split('\n'), stderr, status }
}

const good = {
  anchor_difficulty: 80000,
  anchor_frame: '244200',
  anchor_parent_time_ms: '1762862400000',
  frame: '244200',
  time_ms: '1762862410000',
  next_difficulty: '80000',
}

describe('the conformance command', { timeout: 60_000 }, () => {
  test('counts cases, ends with the total and exits 0 when all passed', () => {
    write('difficulty/asert.json', { cases: [good, good] })
    const { lines, status } = run()
    expect(lines).toEqual(['difficulty/asert.json core: 2 passed, 0 failed', '2 passed, 0 failed'])
    expect(status).toBe(0)
  })

  test('names a failing case with expected and got', () => {
    write('difficulty/asert.json', { cases: [good, { ...good, name: 'off', next_difficulty: '80001' }] })
    const { lines, status } = run('difficulty')
    expect(lines).toContain('difficulty/asert.json core: 1 passed, 1 failed')
    expect(lines).toContain('  case 1 "off"')
    expect(lines).toContain('    next_difficulty: expected 80001')
    expect(lines).toContain('      got 80000')
    expect(status).toBe(1)
  })

  test('lists a file without runner and exits 1', () => {
    write('difficulty/asert.json', { cases: [good] })
    write('elsewhere/unknown.json', { cases: [] })
    const { lines, status } = run()
    expect(lines).toContain('elsewhere/unknown.json: no runner')
    expect(lines.at(-1)).toBe('1 passed, 0 failed')
    expect(status).toBe(1)
  })

  test('malformed files and cases are failures, and the other cases still run', () => {
    const { frame: _, ...incomplete } = good
    write('difficulty/asert.json', { cases: [null, 7, [], incomplete, { ...good, frame: 1.5 }, good] })
    write('difficulty/asert_wrap.json', '{"cases": [')
    write('difficulty/asert_sequences.json', { cases: {} })
    write('difficulty/asert_mainnet_anchor.json', { cases: [] })
    const { lines, status } = run()
    expect(lines).toContain('difficulty/asert.json core: 1 passed, 5 failed')
    expect(lines).toContain('difficulty/asert_wrap.json core: 0 passed, 1 failed')
    expect(lines).toContain('difficulty/asert_sequences.json core: 0 passed, 1 failed')
    expect(lines).toContain('difficulty/asert_mainnet_anchor.json core: 0 passed, 1 failed')
    expect(lines.at(-1)).toBe('1 passed, 8 failed')
    expect(status).toBe(1)
  })

  test('a case of no kind at all is a failure, and the cases after it still run', () => {
    const path = { name: 'path', type: 'Path', canonical: '0000031400000000', valid: true }
    write('canonical/limits.json', { cases: [{ ...path, type: 7 }, { ...path, type: 'Nothing' }, path] })
    const { lines, status } = run()
    expect(lines).toContain('canonical/limits.json core: 1 passed, 1 failed')
    expect(lines).toContain('  case 0 "path"')
    expect(lines).toContain('canonical/limits.json core: no runner for 1 cases (type Nothing: 1)')
    expect(status).toBe(1)
  })

  test('a due run fails when a due file is missing, and leaves out what is not due', () => {
    write('difficulty/asert.json', { cases: [good] })
    write('difficulty/later.json', { cases: [good] })
    const { lines, status } = run('difficulty', '--due')
    expect(lines).toContain('difficulty/later.json: not due')
    expect(lines).toContain('difficulty/asert_wrap.json: due, but missing')
    expect(lines.at(-1)).toBe('1 passed, 3 failed')
    expect(status).toBe(1)
  })

  test('writes the whole result as JSON', () => {
    write('difficulty/asert.json', { cases: [{ ...good, next_difficulty: '1' }] })
    const json = join(directory, 'result.json')
    run('--json', json)
    const report = JSON.parse(readFileSync(json, 'utf8'))
    expect(report).toMatchObject({ passed: 0, failed: 1, exitCode: 1 })
    expect(report.files[0].cases[0].problems).toEqual([{ field: 'next_difficulty', expected: '1', got: '80000' }])
  })

  test('wrong options are said plainly with exit code 2', () => {
    for (const args of [['--engine', 'gpu'], ['--nope'], ['no-such-area'], ['--jobs', '0']]) {
      const { status, stderr } = run(...args)
      expect(status).toBe(2)
      expect(stderr).toContain('usage:')
    }
  })

  test('every due file has a runner', () => {
    expect(DUE_FILES.filter((path) => runnersOf(path).length === 0)).toEqual([])
  })
})
