/**
 * Content stamps: a step is up to date when the hash of all its input files is the one of its last success.
 * File hashes are remembered with size and times, so that asking again reads no file that was not touched.
 */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Folders that are never input: results and caches (the same names as in .gitignore). */
const RESULTS = new Set(['node_modules', 'target', 'dist', 'coverage', 'test-results', 'playwright-report'])

/**
 * Files below `start` (itself a file or folder, relative to `root`), sorted; `skip` leaves out by relative path.
 * A `start` that does not exist has no files. Hidden entries and result folders below it are left out.
 */
export function filesBelow(root, start, skip = () => false) {
  const found = []
  const visit = (path) => {
    const stat = lstatSync(join(root, path), { throwIfNoEntry: false })
    if (stat === undefined || (path !== start && skip(path))) return
    if (stat.isFile()) found.push({ path, stat })
    if (!stat.isDirectory()) return
    for (const entry of readdirSync(join(root, path)).sort()) {
      if (!entry.startsWith('.') && !RESULTS.has(entry)) visit(`${path}/${entry}`)
    }
  }
  visit(start)
  return found
}

export class Stamps {
  #root
  #file
  #hashes
  #steps

  /** `file`: where stamps are kept; one that is missing or damaged counts as empty. */
  constructor(root, file) {
    this.#root = root
    this.#file = file
    let kept = {}
    try {
      kept = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      // first run, or a file cut off by a crash: everything is done once more
    }
    this.#hashes = new Map(Object.entries(kept?.hashes ?? {}))
    this.#steps = new Map(Object.entries(kept?.steps ?? {}))
  }

  /** Hash of the contents and names of all files below `inputs`, and of the strings `extra`. */
  fingerprint(inputs, skip, extra = []) {
    const whole = createHash('sha256').update(JSON.stringify(extra))
    for (const input of inputs) {
      for (const { path, stat } of filesBelow(this.#root, input, skip)) {
        whole.update(`${path}\0${this.#hashOf(path, stat)}\n`)
      }
    }
    return whole.digest('hex')
  }

  #hashOf(path, stat) {
    const touched = `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.ino}`
    const known = this.#hashes.get(path)
    if (known?.[0] === touched) return known[1]
    const hash = createHash('sha256')
      .update(readFileSync(join(this.#root, path)))
      .digest('hex')
    this.#hashes.set(path, [touched, hash])
    return hash
  }

  isCurrent(step, fingerprint) {
    return this.#steps.get(step) === fingerprint
  }

  /** Remembers the success of a step; on disk at once, so that a set-up that is killed later resumes here. */
  succeeded(step, fingerprint) {
    this.#steps.set(step, fingerprint)
    this.save()
  }

  save() {
    mkdirSync(dirname(this.#file), { recursive: true })
    const part = `${this.#file}.${process.pid}`
    const kept = { hashes: Object.fromEntries(this.#hashes), steps: Object.fromEntries(this.#steps) }
    writeFileSync(part, JSON.stringify(kept))
    renameSync(part, this.#file)
  }
}
