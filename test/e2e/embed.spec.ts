/** The example of docs/embed, built as a reader would build it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { expect, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'
import { newest } from './vectors.ts'

const example = fileURLToPath(new URL('../../docs/embed', import.meta.url))

test('the ten lines of docs/embed verify the newest frame', async ({ page, node }) => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-embed-'))
  try {
    await build({
      configFile: false,
      logLevel: 'warn',
      root: example,
      worker: { format: 'es' },
      build: {
        target: 'esnext',
        outDir: directory,
        emptyOutDir: true,
        rollupOptions: { input: join(example, 'example.html') },
      },
    })
    const server = await serveBuiltPage({ networkFrom: node.url, root: directory })
    try {
      await page.goto(`${server.url}/example.html`)
      await expect(page.locator('#frame')).toHaveText(
        `Frame ${newest.header.frame_number}, identity ${newest.identity}, verified: full`,
      )
    } finally {
      await server.close()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
