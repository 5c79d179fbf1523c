import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SetupError } from './errors.mjs'
import { Plan } from './plan.mjs'
import { Stamps } from './stamps.mjs'
import { Terminal } from './terminal.mjs'

let root
let begun

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'petal-plan-'))
  begun = []
  writeFileSync(join(root, 'source'), '1')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function step(name, needs = [], run = undefined) {
  return {
    title: name,
    needs,
    inputs: needs.length === 0 ? ['source'] : needs.map((need) => `${need}.out`),
    results: [`${name}.out`],
    run:
      run ??
      (async () => {
        begun.push(name)
        writeFileSync(join(root, `${name}.out`), `${name} ${begun.length}`)
      }),
  }
}

function plan(steps) {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  return new Plan({
    root,
    steps,
    stamps: new Stamps(root, join(root, '.petal/stamps.json')),
    terminal: new Terminal(silent),
  })
}

test('steps run once, after what they need, and not again while nothing changed', async () => {
  const steps = { a: step('a'), b: step('b', ['a']), c: step('c', ['a', 'b']) }
  await plan(steps).run()
  expect(begun).toEqual(['a', 'b', 'c'])
  expect(plan(steps).stale()).toEqual([])
  await plan(steps).run()
  expect(begun).toHaveLength(3)
})

test('a changed input runs the step and those whose inputs it changes', async () => {
  const steps = { a: step('a'), b: step('b', ['a']) }
  await plan(steps).run()
  writeFileSync(join(root, 'source'), '2')
  expect(plan(steps).stale()).toEqual(['a'])
  await plan(steps).run()
  expect(begun).toEqual(['a', 'b', 'a', 'b'])
})

test('a result that was deleted is made again', async () => {
  const steps = { a: step('a') }
  await plan(steps).run()
  rmSync(join(root, 'a.out'))
  await plan(steps).run()
  expect(begun).toEqual(['a', 'a'])
})

test('a failure is told with the end of the output, and the next run resumes at it', async () => {
  const failing = step('b', ['a'], ({ run }) => run('sh', ['-c', 'echo the reason; exit 3']))
  const steps = { a: step('a'), b: failing, c: step('c', ['b']) }
  const error = await plan(steps)
    .run()
    .catch((problem) => problem)
  expect(error).toBeInstanceOf(SetupError)
  expect(error).toMatchObject({ message: 'sh ended with code 3', tail: expect.arrayContaining(['the reason']) })
  expect(begun).toEqual(['a'])
  await plan({ a: step('a'), b: step('b', ['a']), c: step('c', ['b']) }).run()
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('a step that ends well without its result has failed', async () => {
  await expect(plan({ a: step('a', [], async () => {}) }).run()).rejects.toThrow('did not write a.out')
})
