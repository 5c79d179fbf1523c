/** Tests beside the code: `*.test.ts` runs in Node, `*.browser.test.ts` in Chromium. */
import { existsSync, readFileSync } from 'node:fs'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'

/** The browser that the set-up found; without one Playwright looks for its own, and fails plainly when there is none. */
function chromium(): string | undefined {
  if (process.env.PETAL_CHROMIUM) return process.env.PETAL_CHROMIUM
  return existsSync('.petal/chromium') ? readFileSync('.petal/chromium', 'utf8').trim() : undefined
}

const executablePath = chromium()
const rooms = ['core', 'p2p', 'server-node', 'web', 'sw', 'scripts', 'test']
const filesNamed = (ending: string) => rooms.map((room) => `${room}/**/*${ending}`)
const never = ['**/node_modules/**', '**/dist/**', 'test/vectors/**', 'test/e2e/**']

export default defineConfig({
  worker: { format: 'es' },
  build: { target: 'esnext' },
  test: {
    reporters: ['default', './scripts/test/vitest-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // On a busy machine a second is nothing: what is polled for may come late, and a failure is told a little later.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: filesNamed('.test.{ts,tsx,mjs}'),
          exclude: [...never, '**/*.browser.test.{ts,tsx}'],
        },
      },
      {
        extends: true,
        cacheDir: 'node_modules/.vite/vitest-browser',
        optimizeDeps: {
          // found late, a dependency makes the page reload in the middle of a test
          entries: filesNamed('.browser.test.{ts,tsx}'),
          include: [
            '@bufbuild/protobuf',
            '@bufbuild/protobuf/codegenv2',
            '@bufbuild/protobuf/wire',
            '@libp2p/identify',
            '@libp2p/websockets',
            '@libp2p/webtransport',
            '@noble/ciphers/chacha.js',
            '@noble/curves/ed448.js',
            '@noble/hashes/scrypt.js',
            '@noble/hashes/sha2.js',
            '@noble/hashes/sha3.js',
            '@noble/hashes/utils.js',
            'comlink',
            'idb',
            'libp2p-crypto-stock/keys',
            'multiformats/bases/base58',
            'multiformats/cid',
            'multiformats/hashes/digest',
            'preact',
            'preact/hooks',
            'preact/jsx-dev-runtime',
            '@preact/signals',
            'uplot',
          ],
        },
        test: {
          name: 'browser',
          include: filesNamed('.browser.test.{ts,tsx}'),
          exclude: never,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(executablePath === undefined ? {} : { executablePath }),
                args: [
                  '--no-sandbox',
                  '--disable-gpu',
                  '--no-first-run',
                  '--disable-background-networking',
                  '--disable-component-update',
                  '--disable-sync',
                ],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
