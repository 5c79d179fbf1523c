/** Cases that no file has yet, for the tests of runners. Needs the built addon. */
import { readFileSync } from 'node:fs'
import { loadNativeEngine } from '../engines/native.ts'
import { Checks, type Problem } from './checks.ts'
import { Fields } from './fields.ts'
import type { VectorFile } from './runner.ts'
import { runnersOf } from './table.ts'

export interface Case {
  readonly [name: string]: unknown
}

/** Cases of `AREA/FILE`. */
export const casesOf = (path: string): Case[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${path}.json`, import.meta.url), 'utf8')).cases

/** What the last runner of `AREA/FILE`, that of the TypeScript core where there are two, has against a case that stands alone. */
export function problemsOf(path: string, item: Case): readonly Problem[] {
  const runner = runnersOf(`${path}.json`).at(-1)
  if (runner === undefined) throw new Error(`no runner of ${path}`)
  const fields = new Fields(item, '')
  const none = () => {
    throw new Error('stands alone')
  }
  const whole: VectorFile = { document: fields, cases: [fields], sibling: none, binary: none }
  const check = new Checks()
  const run = runner.backing === 'core' ? runner.open(whole) : runner.open(whole, loadNativeEngine())
  run(fields, check, 0)
  if (check.count === 0) throw new Error('nothing was checked')
  return check.problems
}
