import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

/**
 * What the page may do. A server may send the same as a header; the tag makes it hold on any static host.
 * `connect-src` is open because nodes are dialled by address: nothing that they answer is trusted.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss: https:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Only in a build: the development server injects inline styles of its own. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'petal-content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  }
}

/**
 * Escapes what is not ASCII in scripts: one character beyond Latin-1 (a table of emoji in a library) makes a browser keep the whole text of a
 * script with two bytes a character, once for each thread that runs it.
 */
function asciiScripts(): Plugin {
  return {
    name: 'petal-ascii-scripts',
    apply: 'build',
    // After minification, which would undo it.
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = escapeUnits(file.code)
    },
  }
}

/** Scripts have such characters in strings, templates and patterns only, where an escape means the same. */
function escapeUnits(code: string): string {
  return code.replace(/\P{ASCII}/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}

const COMPRESSIBLE = /\.(?:html|js|css|wasm|svg|webmanifest|txt)$/
/** Below this a header costs more than it saves. */
const LEAST_BYTES = 1000
/** The last two levels save a few per cent of the modules and take ten times as long. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }

/** Writes `.br` and `.gz` beside the built files, so that a server can send them without work of its own. */
function precompress(): Plugin {
  let outDir = ''
  return {
    name: 'petal-precompress',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir
    },
    async closeBundle() {
      for (const name of await readdir(outDir, { recursive: true })) {
        if (!COMPRESSIBLE.test(name)) continue
        const path = join(outDir, name)
        const content = await readFile(path)
        if (content.length < LEAST_BYTES) continue
        await writeFile(`${path}.br`, await promisify(brotliCompress)(content, BROTLI))
        await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }))
      }
    },
  }
}

/**
 * `wasm-crates/dist/verifier/simd/petal_bg.wasm` becomes `verifier-simd-HASH.wasm`, so that the service worker knows what it keeps.
 */
function assetName({ originalFileNames }: { readonly originalFileNames: readonly string[] }): string {
  const [, module, variant] = /dist\/(verifier|full)\/(\w+)\/petal_bg\.wasm$/.exec(originalFileNames[0] ?? '') ?? []
  return module === undefined ? 'assets/[name]-[hash][extname]' : `assets/${module}-${variant}-[hash][extname]`
}

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: fromHere('.'),
  publicDir: fromHere('../../public'),
  base: './',
  plugins: [contentSecurityPolicy(), asciiScripts(), precompress()],
  build: {
    outDir: fromHere('../../dist/web'),
    emptyOutDir: true,
    manifest: true,
    target: 'esnext',
    // A font or module inlined as a data: address would need a laxer policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rollupOptions: { input: fromHere('index.html'), output: { assetFileNames: assetName } },
  },
  worker: { format: 'es', plugins: () => [asciiScripts()], rollupOptions: { output: { assetFileNames: assetName } } },
  server: { fs: { allow: [fromHere('../..')] } },
})
