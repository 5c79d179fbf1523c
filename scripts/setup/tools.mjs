/** Checks that the programs which the build needs are here, and names the one command that installs what is not. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { EXIT, SetupError } from './errors.mjs'

const RUSTUP = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env"
const LEAST_NODE = 20

/** Path of a program, or undefined. */
export function which(name, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter)) {
    const file = join(folder || '.', name)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return file
    } catch {
      // not in this folder
    }
  }
  return undefined
}

/** Is this a Debian (not merely something derived from it)? */
export function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

function install(packages) {
  if (process.platform === 'darwin')
    return packages === 'build-essential' ? 'xcode-select --install' : `brew install ${packages}`
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  if (which('apt-get')) return `${sudo}apt-get update && ${sudo}apt-get install -y ${packages}`
  return `install ${packages} with the package manager of this system`
}

const missing = (what, command) =>
  new SetupError(`${what}\n  Install it with:\n\n    ${command}\n`, { exitCode: EXIT.toolMissing })

export function checkNode() {
  if (process.platform === 'win32') {
    throw new SetupError('Windows is not supported directly; use the Windows Subsystem for Linux.', {
      exitCode: EXIT.toolMissing,
    })
  }
  if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) {
    throw missing(`Node ${LEAST_NODE} or newer is needed; this is ${process.versions.node}.`, install('nodejs npm'))
  }
}

/** Presence only: a few milliseconds. */
export function checkPresence() {
  if (!which('npm')) throw missing('npm is missing (it comes with Node, or as a package of its own).', install('npm'))
  if (!which('cargo') || !which('rustc')) throw missing('Rust (cargo, rustc) is missing.', RUSTUP)
  if (!which('cc'))
    throw missing('A C compiler and linker (cc) is missing; Rust links with it.', install('build-essential'))
  if (!which('bash')) throw missing('bash is missing.', install('bash'))
}

/** Versions, and one small compilation: some tenths of a second, done only before something is built. */
export function checkVersions(root) {
  const wanted = readFileSync(join(root, 'rust-toolchain.toml'), 'utf8').match(/channel *= *"([^"]+)"/)?.[1] ?? ''
  let version
  try {
    // rustup may fetch the toolchain right here and tell about it on stderr, or say why it does not
    version = execFileSync('rustc', ['--version'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  } catch {
    throw missing(
      `Rust ${wanted} does not run.`,
      `rustup toolchain install ${wanted} --component clippy --component rustfmt`,
    )
  }
  const found = version.split(' ')[1] ?? ''
  if (isOlder(found, wanted))
    throw missing(
      `Rust ${wanted} is needed; this is ${found}.`,
      which('rustup') ? `rustup toolchain install ${wanted}` : RUSTUP,
    )
  const scratch = mkdtempSync(join(tmpdir(), 'petal-cc-'))
  try {
    const source = '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n'
    execFileSync('cc', ['-x', 'c', '-', '-o', join(scratch, 'out')], {
      input: source,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
  } catch {
    throw missing(
      'The C compiler (cc) cannot build a small program: its headers or its linker are missing.',
      install('build-essential'),
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Compares `1.95.0` and the like by number. */
export function isOlder(found, wanted) {
  const [a, b] = [found, wanted].map((text) => text.split(/[.-]/).slice(0, 3).map(Number))
  for (const i of [0, 1, 2]) {
    const difference = (a[i] || 0) - (b[i] || 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
