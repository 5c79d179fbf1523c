/** Finds a Chromium for the tests, or installs one; its path goes to `.petal/chromium`, where test configurations read it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDebian, which } from './tools.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const PATH_FILE = '.petal/chromium'

/** Path found by an earlier set-up, as long as it is still a file and nobody wishes another one. */
export function knownChromium(root) {
  try {
    const known = readFileSync(join(root, PATH_FILE), 'utf8').trim()
    const wished = process.env.PETAL_CHROMIUM
    return statSync(known).isFile() && (!wished || wished === known) ? known : undefined
  } catch {
    return undefined
  }
}

/** Does this program answer with a version? */
function starts(path) {
  try {
    return /\d+\.\d+/.test(
      execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  } catch {
    return false
  }
}

function installed() {
  for (const name of NAMES) {
    const path = which(name)
    if (path && starts(path)) return path
  }
  return undefined
}

/** Where Playwright's own download is, when there is one. */
function playwrights(root, env) {
  const script = "import('playwright').then((p) => console.log(p.chromium.executablePath()))"
  try {
    const path = execFileSync('node', ['-e', script], {
      cwd: root,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return starts(path) ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * Answers the path, or undefined after telling why not. `run(command, args)` runs one program quietly.
 * The tests themselves count the missing browser as a failure: nothing is skipped in silence.
 */
export async function findChromium({ root, env, run, tell }) {
  const wished = process.env.PETAL_CHROMIUM
  if (wished && !starts(wished)) tell(`PETAL_CHROMIUM=${wished} does not start; looking for another one`)
  let path = wished && starts(wished) ? wished : installed()
  if (!path && isDebian() && process.getuid?.() === 0) {
    const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update'], quiet)
      .then(() => run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], quiet))
      .catch((error) => tell(`the distribution's Chromium was not installed: ${error.message}`))
    path = installed()
  }
  path ??= playwrights(root, env)
  if (!path) {
    await run('npx', ['playwright', 'install', 'chromium']).catch((error) =>
      tell(`Playwright's download failed: ${error.message}`),
    )
    path = playwrights(root, env)
  }
  const file = join(root, PATH_FILE)
  rmSync(file, { force: true })
  if (!path) return undefined
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${path}\n`)
  return path
}
