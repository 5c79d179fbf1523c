/** The examples of docs/embed, built as a reader would build them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { startNode } from './node.ts'
import { expect, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'
import { newest } from './vectors.ts'

const examples = fileURLToPath(new URL('../../docs/embed', import.meta.url))

/** Builds a page of docs/embed and serves it beside the description of a node. */
async function serveExample(page: string, networkFrom: string): Promise<AsyncDisposable & { readonly url: string }> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'petal-embed-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await build({
    configFile: false,
    logLevel: 'warn',
    root: examples,
    worker: { format: 'es' },
    build: {
      target: 'esnext',
      outDir: directory,
      emptyOutDir: true,
      rollupOptions: { input: join(examples, page) },
    },
  })
  const server = await serveBuiltPage({ networkFrom, root: directory })
  stack.defer(() => server.close())
  const owned = stack.move()
  return { url: `${server.url}/${page}`, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

test('the ten lines of docs/embed verify the newest frame', async ({ page, node }) => {
  await using example = await serveExample('example.html', node.url)
  await page.goto(example.url)
  await expect(page.locator('#frame')).toHaveText(
    `Frame ${newest.header.frame_number}, identity ${newest.identity}, verified: full`,
  )
})

test('the ten lines about state prove a vertex of the local network, field by field', async ({ page }) => {
  test.setTimeout(180_000)
  await using node = await startNode({ args: ['--network', 'local', '--frame-interval', '2', '--port', '0'] })
  await using example = await serveExample('state.html', node.url)
  await page.goto(example.url)
  await expect(page.locator('#value')).toHaveText(/^Frame \d+: .*Name flower \d.*, verified: full$/, {
    timeout: 90_000,
  })
})
