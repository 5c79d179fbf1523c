/** Size budgets of what a browser downloads, gzip -9, in kilobytes of 1000 bytes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Outcome, root, verdict } from './process.ts'

const BUDGET_KB = { verifier: 350, firstPaint: 90, libp2p: 260 }
const VARIANTS = ['baseline', 'simd', 'wide']
/** Text that every bundle of js-libp2p contains: the protocol by which it agrees on all others. */
const LIBP2P_MARK = '/multistream/1.0.0'

/** A chunk of Vite's manifest (dist/web/.vite/manifest.json). */
export interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
}
export type Manifest = Readonly<Record<string, Chunk>>

/** Files that the page loads before it can paint: the entries and all that they import statically. */
export function firstPaintFiles(manifest: Manifest): Set<string> {
  const files = new Set<string>()
  const visit = (key: string): void => {
    const chunk = manifest[key]
    if (chunk === undefined || files.has(chunk.file)) return
    files.add(chunk.file)
    for (const next of chunk.imports ?? []) visit(next)
  }
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) visit(key)
  return files
}

/** Names of the files beside it that a bundled module imports statically (`import ... from"./x.js"`, `import"./x.js"`). */
export function staticImports(code: string): string[] {
  return [...code.matchAll(/(?:^|[;}\n])\s*(?:import|export)\s*(?:[\w$*\s{},]*?\bfrom\s*)?["']\.\/([^"']+)["']/g)].map(
    (match) => match[1] ?? '',
  )
}

export function sizeBudgets(): Outcome {
  const problems: string[] = []
  const told: string[] = []
  const weigh = (name: string, budgetKb: number, paths: readonly string[]): void => {
    const bytes = paths.reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0)
    const figure = `${name} ${(bytes / 1000).toFixed(1)} of ${budgetKb} kB`
    if (bytes > budgetKb * 1000)
      problems.push(`${figure}: over budget (${paths.map((path) => basename(path)).join(', ')})`)
    else told.push(figure)
  }
  for (const variant of VARIANTS) {
    const path = join(root, 'wasm-crates/dist/verifier', variant, 'petal_bg.wasm')
    if (existsSync(path)) weigh(`verifier ${variant}`, BUDGET_KB.verifier, [path])
    else problems.push(`verifier ${variant} is not built`)
  }
  const web = join(root, 'dist/web')
  if (!existsSync(join(web, '.vite/manifest.json'))) return verdict([...problems, 'the page is not built'])

  const first = firstPaintFiles(JSON.parse(readFileSync(join(web, '.vite/manifest.json'), 'utf8')))
  weigh(
    'first paint',
    BUDGET_KB.firstPaint,
    [...first].filter((file) => file.endsWith('.js')).map((file) => join(web, file)),
  )

  const scripts = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
  const code = new Map(scripts.map((file) => [file, readFileSync(join(web, file), 'utf8')]))
  const marked = scripts.filter((file) => code.get(file)?.includes(LIBP2P_MARK))
  if (marked.length === 0) problems.push('no built script holds libp2p')
  for (const file of marked) {
    if (first.has(file)) problems.push(`libp2p is in the first paint: ${file}`)
    weigh(
      'libp2p',
      BUDGET_KB.libp2p,
      withImports(file, code).map((path) => join(web, path)),
    )
  }
  return verdict(problems, told.join(', '))
}

/** A script and the scripts of the same folder that it cannot start without. */
function withImports(start: string, code: ReadonlyMap<string, string>): string[] {
  const found = [start]
  for (const file of found) {
    const folder = file.slice(0, file.lastIndexOf('/') + 1)
    for (const name of staticImports(code.get(file) ?? '')) {
      if (code.has(folder + name) && !found.includes(folder + name)) found.push(folder + name)
    }
  }
  return found
}
