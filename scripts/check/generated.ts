/** Generated code must be what the generator makes of the present `core/proto`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, type Outcome, root, verdict } from './process.ts'

const FOLDER = 'core/gen'

export async function generatedCode(): Promise<Outcome> {
  const scratch = mkdtempSync(join(tmpdir(), 'petal-generated-'))
  try {
    const made = await command('buf', ['generate', '--output', scratch])
    if (!made.ok) return made
    const fresh = contents(join(scratch, FOLDER))
    const kept = contents(join(root, FOLDER))
    const names = [...new Set([...fresh.keys(), ...kept.keys()])].sort()
    const stale = names.filter((name) => fresh.get(name) !== kept.get(name))
    return verdict(
      fresh.size === 0
        ? ['buf generated nothing']
        : stale.map((name) => `${FOLDER}/${name} is not up to date: run "npx buf generate"`),
      `${fresh.size} files`,
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')]
    }),
  )
}
