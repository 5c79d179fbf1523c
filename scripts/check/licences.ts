/**
 * Licences of everything that is shipped: npm packages of the production tree, crates that the modules and the addon link.
 * Permissive ones pass; anything else needs a row with its reason in `EXCEPTIONS`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, root, verdict } from './process.ts'

const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BSL-1.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unicode-3.0',
  'Unlicense',
  'WTFPL',
  'Zlib',
])

/** Package -> licence that is accepted for it alone. Their reasons: */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  // Weak copyleft by file: used unmodified, as a package of its own that anyone can replace; nothing of ours derives from it.
  'node-datachannel': 'MPL 2.0',
  '@node-datachannel/': 'MPL 2.0',
}

/** Does this SPDX expression (also `A/B`, the old way of Cargo) leave a choice in which every licence is permissive? */
export function isPermissive(expression: string): boolean {
  const tokens = expression.replaceAll('/', ' OR ').match(/\(|\)|[^\s()]+/g) ?? []
  let at = 0
  const any = (): boolean => {
    let ok = all()
    while (tokens[at] === 'OR') {
      at++
      const other = all()
      ok ||= other
    }
    return ok
  }
  const all = (): boolean => {
    let ok = one()
    while (tokens[at] === 'AND') {
      at++
      const other = one()
      ok &&= other
    }
    return ok
  }
  const one = (): boolean => {
    const token = tokens[at++]
    if (token === '(') {
      const inner = any()
      return tokens[at++] === ')' && inner
    }
    if (token === undefined) return false
    if (tokens[at] !== 'WITH') return PERMISSIVE.has(token)
    at += 2
    return PERMISSIVE.has(`${token} WITH ${tokens[at - 1]}`)
  }
  return any() && at === tokens.length
}

function isAccepted(name: string, licence: string): boolean {
  if (isPermissive(licence)) return true
  return Object.entries(EXCEPTIONS).some(([key, accepted]) => {
    return licence === accepted && (name === key || (key.endsWith('/') && name.startsWith(key)))
  })
}

interface LockedPackage {
  readonly dev?: boolean
  readonly optional?: boolean
  readonly peer?: boolean
  readonly link?: boolean
}

export function npmLicences(): Outcome {
  const locked: Record<string, LockedPackage> = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  ).packages
  const problems: string[] = []
  let count = 0
  for (const [path, entry] of Object.entries(locked)) {
    if (!path.includes('node_modules/') || entry.dev || entry.link) continue
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const file = join(root, path, 'package.json')
    if (!existsSync(file)) {
      // a binary for another platform, or a peer that nobody needs
      if (!entry.optional && !entry.peer) problems.push(`${name}: not installed`)
      continue
    }
    const licence: unknown = JSON.parse(readFileSync(file, 'utf8')).license
    count++
    if (typeof licence !== 'string' || !isAccepted(name, licence)) {
      problems.push(`${name}: licence ${JSON.stringify(licence)} is not in the list (scripts/check/licences.ts)`)
    }
  }
  if (count === 0) problems.push('package-lock.json lists no package')
  return verdict(problems, `${count} packages`)
}

interface Crate {
  readonly id: string
  readonly name: string
  readonly license: string | null
}

interface Node {
  readonly id: string
  readonly deps: readonly { readonly pkg: string; readonly dep_kinds: readonly { readonly kind: string | null }[] }[]
}

/** Roots of what is shipped; builders and test oracles are not. */
const SHIPPED = ['wasm', 'native']

export function crateLicences(): Outcome {
  const args = ['metadata', '--format-version', '1', '--locked']
  const text = execFileSync('cargo', args, {
    cwd: join(root, 'wasm-crates'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const metadata: { packages: Crate[]; resolve: { nodes: Node[] } } = JSON.parse(text)
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]))
  const crates = new Map(metadata.packages.map((crate) => [crate.id, crate]))
  const open = metadata.packages.filter((crate) => SHIPPED.includes(crate.name)).map((crate) => crate.id)
  const problems = open.length === SHIPPED.length ? [] : [`the workspace has no crates ${SHIPPED.join(', ')}`]
  const seen = new Set(open)
  for (const id of open) {
    const crate = crates.get(id)
    if (!crate?.license || !isAccepted(crate.name, crate.license)) {
      problems.push(`${crate?.name ?? id}: licence ${crate?.license} is not in the list (scripts/check/licences.ts)`)
    }
    for (const dependency of nodes.get(id)?.deps ?? []) {
      if (seen.has(dependency.pkg) || dependency.dep_kinds.every(({ kind }) => kind === 'dev')) continue
      seen.add(dependency.pkg)
      open.push(dependency.pkg)
    }
  }
  return verdict(problems, `${seen.size} crates`)
}
