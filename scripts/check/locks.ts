/** Lock files and manifests: every version exact, every package with its hash, no download address of anybody's mirror. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, root, verdict } from './process.ts'

/** How Cargo names its public registry in a lock file: an identity, not where anything was fetched from. */
const CRATES = 'registry+https://github.com/rust-lang/crates.io-index'
const WORKSPACES = ['.', 'core', 'web/client', 'web/worker', 'web/app', 'sw', 'server-node', 'test']

export function npmLockProblems(text: string): string[] {
  const packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }> = JSON.parse(text).packages
  const problems: string[] = []
  for (const [path, entry] of Object.entries(packages)) {
    if (/^[a-z+]+:/.test(entry.resolved ?? ''))
      problems.push(`package-lock.json: ${path} has the address ${entry.resolved}`)
    // a package inside the tarball of its parent is covered by the parent's hash
    const bundled = (entry as { inBundle?: boolean }).inBundle === true
    if (path.includes('node_modules/') && !entry.link && !bundled && !entry.integrity) {
      problems.push(`package-lock.json: ${path} has no integrity hash`)
    }
  }
  return problems
}

export function cargoLockProblems(text: string): string[] {
  const problems: string[] = []
  for (const block of text.split('[[package]]').slice(1)) {
    const field = (name: string) => block.match(new RegExp(`^${name} = "(.*)"$`, 'm'))?.[1]
    const source = field('source')
    if (source === undefined) continue
    if (source !== CRATES) problems.push(`Cargo.lock: ${field('name')} comes from ${source}`)
    if (!field('checksum')) problems.push(`Cargo.lock: ${field('name')} has no checksum`)
  }
  return problems
}

export function manifestProblems(path: string, text: string): string[] {
  const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(text)
  return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !/^(\d+\.\d+\.\d+(-[\w.]+)?|file:\.\/.*)$/.test(version))
      .map(([name, version]) => `${path}: ${name} is "${version}", not an exact version`),
  )
}

export function cargoManifestProblems(text: string): string[] {
  const after = text.split('[workspace.dependencies]\n')[1] ?? ''
  const section = after.split(/^\[/m)[0] ?? ''
  const problems = section === '' ? ['Cargo.toml: no [workspace.dependencies]'] : []
  for (const line of section.split('\n')) {
    const version = line.match(/^[\w-]+ *= *(?:"([^"]*)"|\{.*version *= *"([^"]*)")/)
    const asked = version?.[1] ?? version?.[2]
    if (asked !== undefined && !asked.startsWith('='))
      problems.push(`Cargo.toml: ${line.trim()} is not an exact version`)
  }
  return problems
}

export function lockFiles(): Outcome {
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  return verdict([
    ...npmLockProblems(read('package-lock.json')),
    ...cargoLockProblems(read('wasm-crates/Cargo.lock')),
    ...cargoManifestProblems(read('wasm-crates/Cargo.toml')),
    ...WORKSPACES.flatMap((folder) => manifestProblems(`${folder}/package.json`, read(`${folder}/package.json`))),
  ])
}
