import { expect, test } from 'vitest'
import { isPermissive } from './licences.ts'
import { cargoLockProblems, cargoManifestProblems, manifestProblems, npmLockProblems } from './locks.ts'
import { firstPaintFiles, staticImports } from './sizes.ts'

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0)', true],
  ['MIT/Apache-2.0', true],
  ['(MIT OR Apache-2.0) AND Unicode-3.0', true],
  ['Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT', true],
  ['MIT OR Apache-2.0 OR LGPL-2.1-or-later', true],
  ['GPL-3.0', false],
  ['MIT AND GPL-3.0', false],
  ['Apache-2.0 WITH Some-exception', false],
  ['(MIT', false],
  ['MIT MIT', false],
  ['UNLICENSED', false],
  ['SEE LICENSE IN LICENSE', false],
  ['', false],
])('licence expression %s: permissive %s', (expression, expected) => {
  expect(isPermissive(expression)).toBe(expected)
})

test('npm lock: addresses and missing hashes are found, workspaces and bundled packages are fine', () => {
  const lock = (packages: object) => npmLockProblems(JSON.stringify({ packages }))
  expect(
    lock({
      'node_modules/a': { integrity: 'sha512-x' },
      core: {},
      'node_modules/@petal/core': { resolved: 'core', link: true },
    }),
  ).toEqual([])
  expect(lock({ 'node_modules/a/node_modules/b': { inBundle: true } })).toEqual([])
  expect(lock({ 'node_modules/a': { integrity: 'sha512-x', resolved: 'https://mirror.example/a.tgz' } })).toHaveLength(
    1,
  )
  expect(lock({ 'node_modules/a': { integrity: 'sha512-x', resolved: 'git+ssh://git@example/a.git' } })).toHaveLength(1)
  expect(lock({ 'node_modules/a': {} })).toHaveLength(1)
})

test('Cargo lock: only the public registry, with a checksum', () => {
  const good =
    '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "00"\n'
  expect(cargoLockProblems(`${good}\n[[package]]\nname = "limbs"\nversion = "0.1.0"\n`)).toEqual([])
  expect(cargoLockProblems(good.replace('checksum = "00"\n', ''))).toHaveLength(1)
  expect(cargoLockProblems(good.replace('github.com/rust-lang/crates.io-index', 'mirror.example/index'))).toHaveLength(
    1,
  )
  expect(cargoLockProblems(good.replace('registry+', 'git+'))).toHaveLength(1)
})

test('versions are exact', () => {
  const manifest = (version: string) => manifestProblems('x', JSON.stringify({ dependencies: { a: version } }))
  expect(manifest('1.2.3')).toEqual([])
  expect(manifest('1.2.3-beta.1')).toEqual([])
  for (const loose of ['^1.2.3', '~1.2.3', '1.x', '*', 'latest', '>=1.0.0']) expect(manifest(loose)).toHaveLength(1)
  const cargo = (line: string) =>
    cargoManifestProblems(`[workspace.dependencies]\n${line}\n[profile.release]\nlto = "fat"\n`)
  expect(cargo('limbs = { path = "limbs" }\nsha2 = { version = "=0.10.9", features = ["x"] }\nhex = "=0.4.3"')).toEqual(
    [],
  )
  expect(cargo('hex = "0.4.3"')).toHaveLength(1)
  expect(cargo('sha2 = { version = "0.10.9", features = ["x"] }')).toHaveLength(1)
  expect(cargoManifestProblems('[package]\n')).toHaveLength(1)
})

test('first paint: the entry and its static imports, not what is loaded later', () => {
  const manifest = {
    'index.html': { file: 'assets/index.js', isEntry: true, imports: ['_shared.js'], dynamicImports: ['later.ts'] },
    '_shared.js': { file: 'assets/shared.js', imports: ['index.html'] },
    'later.ts': { file: 'assets/later.js', imports: ['_shared.js'] },
  }
  expect([...firstPaintFiles(manifest)].sort()).toEqual(['assets/index.js', 'assets/shared.js'])
})

test('static imports of a bundled module', () => {
  const code =
    'import{a as b}from"./x.js";import"./y.js";import c,{d}from"./z.js";const e=()=>import("./later.js");export*from"./w.js"'
  expect(staticImports(code).sort()).toEqual(['w.js', 'x.js', 'y.js', 'z.js'])
})
