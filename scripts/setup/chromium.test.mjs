import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findChromium, knownChromium } from './chromium.mjs'

let root
let bin
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'petal-chromium-'))
  bin = join(root, 'bin')
  mkdirSync(bin)
  vi.stubEnv('PATH', bin)
  vi.stubEnv('PETAL_CHROMIUM', '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

/** A program that answers like a browser, or one that does not start. */
function program(path, works = true) {
  writeFileSync(path, works ? '#!/bin/sh\necho Chromium 156.0.8078.79\n' : '#!/bin/sh\nexit 1\n')
  chmodSync(path, 0o755)
  return path
}

async function find(install = () => Promise.reject(new Error('no network'))) {
  const asked = []
  const told = []
  const run = async (command, args) => {
    asked.push([command, ...args].join(' '))
    return await install(command)
  }
  const path = await findChromium({ root, env: { PATH: bin }, run, tell: (text) => told.push(text) })
  return { path, asked, told }
}

test('an installed Chromium is taken, nothing is installed, and its path is written down', async () => {
  program(join(bin, 'chromium'), false)
  const chrome = program(join(bin, 'google-chrome'))
  expect(await find()).toEqual({ path: chrome, asked: [], told: [] })
  expect(readFileSync(join(root, '.petal/chromium'), 'utf8').trim()).toBe(chrome)
  expect(knownChromium(root)).toBe(chrome)
  rmSync(chrome)
  expect(knownChromium(root)).toBeUndefined()
})

test('PETAL_CHROMIUM goes first, and when it does not start that is said', async () => {
  const installed = program(join(bin, 'chromium'))
  const wished = program(join(root, 'mine'))
  await find()
  vi.stubEnv('PETAL_CHROMIUM', wished)
  expect(knownChromium(root)).toBeUndefined()
  expect((await find()).path).toBe(wished)
  vi.stubEnv('PETAL_CHROMIUM', join(root, 'absent'))
  const { path, told } = await find()
  expect(path).toBe(installed)
  expect(told.join()).toContain('absent')
})

test('where nothing is installed every way is tried and each failure is told; no path is left behind', async () => {
  mkdirSync(join(root, '.petal'))
  writeFileSync(join(root, '.petal/chromium'), '/gone')
  const { path, asked, told } = await find()
  expect(path).toBeUndefined()
  expect(asked.at(-1)).toBe('npx playwright install chromium')
  expect(told.join()).toContain('no network')
  expect(knownChromium(root)).toBeUndefined()
})
