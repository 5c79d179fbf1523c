/**
 * Builds the service worker into the built page: bundles `worker.ts`, then writes the list of all files of the shell into it.
 * Runs after the page's own build; `dist/web` must be there.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { injectManifest } from 'workbox-build'

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const page = fromHere('../dist/web')

/** Larger than any file of the shell; the full module is not part of it. */
const MOST_BYTES = 4_000_000

/** Writes `dist/web/sw.js`; answers what a first visit stores. */
export async function buildServiceWorker(): Promise<{ readonly files: number; readonly bytes: number }> {
  if (!existsSync(join(page, 'index.html'))) throw new Error('dist/web is not built: run vite build first')
  const bundled = await mkdtemp(join(tmpdir(), 'petal-sw-'))
  try {
    await build({
      configFile: false,
      logLevel: 'warn',
      define: { 'process.env.NODE_ENV': JSON.stringify('production') },
      build: {
        outDir: bundled,
        target: 'esnext',
        emptyOutDir: false,
        copyPublicDir: false,
        rollupOptions: { input: fromHere('worker.ts'), output: { format: 'es', entryFileNames: 'sw.js' } },
      },
    })
    const { count, size, warnings } = await injectManifest({
      swSrc: join(bundled, 'sw.js'),
      swDest: join(page, 'sw.js'),
      globDirectory: page,
      globPatterns: ['**/*.{html,js,css,woff2,wasm,svg,webmanifest}'],
      // The full module signs and solves: a light client never loads it.
      globIgnores: ['sw.js', '.vite/**', 'assets/full-*.wasm'],
      // Names with a hash of their content need no revision of their own.
      dontCacheBustURLsMatching: /^assets\/.+-[\w-]{8}\.\w+$/,
      maximumFileSizeToCacheInBytes: MOST_BYTES,
    })
    if (warnings.length > 0) throw new Error(`files are missing in the service worker: ${warnings.join('; ')}`)
    return { files: count, bytes: size }
  } finally {
    await rm(bundled, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { files, bytes } = await buildServiceWorker()
  console.log(`dist/web/sw.js keeps ${files} files, ${(bytes / 1000).toFixed(0)} kB`)
}
