/**
 * The steps of the set-up as a table: what each needs, what it reads, what it leaves, how it runs. A step whose stamp is
 * that of its last success, and whose results are there, is skipped.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from './child.mjs'
import { findChromium, knownChromium } from './chromium.mjs'
import { SetupError } from './errors.mjs'

const isTextOnly = (path) => path.endsWith('.md')
const isRustTest = (path) => /^wasm-crates\/[^/]+\/(tests|examples|benches)$/.test(path)
const isScriptTest = (path) => /\.test\.tsx?$/.test(path)
const VARIANTS = ['verifier', 'full'].flatMap((module) =>
  ['baseline', 'simd', 'wide'].map((build) => `${module}/${build}`),
)
const WORKSPACES = ['core', 'web/client', 'web/worker', 'web/app', 'sw', 'server-node', 'test']

/** Which steps a command needs, in the order in which they are told. */
export const COMMANDS = {
  start: ['npm', 'native', 'wasm', 'web'],
  build: ['npm', 'native', 'wasm', 'web'],
  check: ['npm', 'native', 'wasm', 'web'],
  test: ['npm', 'native', 'wasm', 'web', 'chromium'],
  bench: ['npm', 'native', 'wasm', 'web', 'chromium'],
  conformance: ['npm', 'native', 'wasm'],
}

export const STEPS = {
  npm: {
    title: 'npm packages',
    hint: 'first time about a minute',
    inputs: [
      'package-lock.json',
      'package.json',
      '.npmrc',
      'vendor',
      ...WORKSPACES.map((folder) => `${folder}/package.json`),
    ],
    results: ['node_modules/.package-lock.json', 'node_modules/.bin/node'],
    isDone: installedFromLock,
    async run({ root, run }) {
      // npm replaces node_modules, so it runs on the node of the system
      await run('npm', ['ci', '--loglevel=notice', '--no-progress'], { env: environment(root, { withBin: false }) })
      if (!existsSync(join(root, 'node_modules/.bin/node'))) {
        throw new SetupError(
          'npm did not unpack the `node` package: allow install scripts (npm config set ignore-scripts false)',
        )
      }
    },
  },
  native: {
    title: 'native addon',
    hint: 'first time some minutes',
    inputs: ['wasm-crates', 'rust-toolchain.toml'],
    skip: (path) => isTextOnly(path) || isRustTest(path) || path === 'wasm-crates/wasm',
    results: ['wasm-crates/dist/native/petal.node'],
    run: ({ run }) => run('cargo', xtask('native'), { cwd: 'wasm-crates' }),
  },
  wasm: {
    title: 'WebAssembly modules',
    hint: 'first time some minutes',
    needs: ['npm', 'std', 'native'],
    inputs: ['wasm-crates', 'rust-toolchain.toml', 'scripts/setup-wasm.sh'],
    skip: (path) => isTextOnly(path) || isRustTest(path) || path === 'wasm-crates/native',
    results: VARIANTS.flatMap((variant) => [
      `wasm-crates/dist/${variant}/petal.js`,
      `wasm-crates/dist/${variant}/petal_bg.wasm`,
    ]),
    async run({ root, run }) {
      await run('bash', ['scripts/setup-wasm.sh'])
      await run('cargo', xtask('wasm'), { cwd: 'wasm-crates', env: environment(root, { extra: wasmStd(root) }) })
    },
  },
  web: {
    title: 'web page',
    needs: ['npm', 'wasm'],
    inputs: ['core', 'web', 'sw', 'public', 'tsconfig.json', 'package.json', 'package-lock.json', 'wasm-crates/dist'],
    skip: (path) => isTextOnly(path) || isScriptTest(path) || path === 'wasm-crates/dist/native',
    results: ['dist/web/index.html', 'dist/web/.vite/manifest.json'],
    run: ({ run }) => run('npm', ['run', 'build:web']),
  },
  chromium: {
    title: 'Chromium for the tests',
    needs: ['npm'],
    isDone: (root) => knownChromium(root) !== undefined,
    async run({ root, run, tell }) {
      const quietly = (command, args, extra) => run(command, args, { env: environment(root, { extra }) })
      const path = await findChromium({ root, env: environment(root), run: quietly, tell })
      if (!path) tell('no Chromium: what needs a browser will NOT RUN and counts as failed')
      return path ?? 'none found'
    },
  },
}

function xtask(command) {
  return ['run', '--release', '--locked', '--package', 'xtask', '--', command]
}

/** What setup-wasm.sh found, as environment of xtask. */
function wasmStd(root) {
  const script = '. .toolchain/env.sh && printf "%s\\n%s\\n" "$WASM_BUILD_STD" "$WASM_SRC_ROOT"'
  const [buildStd, sourceRoot] = execFileSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' }).split('\n')
  return { WASM_BUILD_STD: buildStd ?? '0', WASM_SRC_ROOT: sourceRoot ?? '' }
}

/** Has npm already installed exactly the packages of the lock file (by hand, or by a set-up killed right after)? */
export function installedFromLock(root) {
  let locked
  let installed
  try {
    locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
    installed = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages
  } catch {
    return false
  }
  if (!existsSync(join(root, 'node_modules/.bin/node'))) return false
  for (const [path, entry] of Object.entries(locked)) {
    if (!path.startsWith('node_modules/') || entry.link) continue
    const found = installed[path]
    if (
      found === undefined
        ? !entry.optional && !entry.devOptional && !entry.peer
        : found.version !== entry.version || found.integrity !== entry.integrity
    )
      return false
  }
  return Object.keys(installed).every((path) => path in locked)
}
