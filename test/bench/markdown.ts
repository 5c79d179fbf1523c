import { readFileSync, writeFileSync } from 'node:fs'

/** The marks between which a page holds generated figures. */
const BEGIN = '<!-- figures: npm run -s bench -- --markdown docs/benchmarks.md -->'
const END = '<!-- end of figures -->'

/** Replaces what stands between the marks; a page without marks is left alone and is an error. */
export function fillFigures(path: string, content: string): void {
  const page = readFileSync(path, 'utf8')
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${path} lacks the marks ${BEGIN} and ${END}`)
  writeFileSync(path, `${page.slice(0, begin + BEGIN.length)}\n\n${content}\n\n${page.slice(end)}`)
}
