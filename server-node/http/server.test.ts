import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAssets } from './assets.ts'
import { type HttpServer, startHttp } from './server.ts'

let directory: string
let server: HttpServer
let network: NetworkDescription | undefined
const script = Buffer.from('console.log("a page")\n'.repeat(100))

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-http-'))
  const root = join(directory, 'web')
  await mkdir(join(root, 'assets'), { recursive: true })
  await writeFile(join(directory, 'secret.txt'), 'secret')
  await symlink(join(directory, 'secret.txt'), join(root, 'link.txt'))
  await writeFile(join(root, 'index.html'), '<!doctype html>')
  await writeFile(join(root, 'assets', 'index-4f8a12bc.js'), script)
  await writeFile(join(root, 'assets', 'index-4f8a12bc.js.br'), brotliCompressSync(script))
  await writeFile(join(root, 'assets', 'index-4f8a12bc.js.gz'), gzipSync(script))
  await writeFile(join(root, 'petal_bg.wasm'), new Uint8Array([0, 97, 115, 109]))
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    assets: await readAssets(root),
    network: () => network,
    health: () => ({ status: 'ok', network: 'test', head: '7', connections: 0, reach: null }),
  })
})
afterAll(async () => {
  await server.stop()
  await rm(directory, { recursive: true })
})

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init)

/** Sends a request line as it is: `fetch` would tidy the path. */
async function raw(request: string): Promise<string> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.end(request)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

test('the page with its type, its policy and a validator', async () => {
  const response = await get('/')
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('<!doctype html>')
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-cache')
  const policy = response.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'")
  expect(policy).not.toContain("'unsafe-inline'")
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const again = await get('/', { headers: { 'if-none-match': response.headers.get('etag') ?? '' } })
  expect(again.status).toBe(304)
})

test('WebAssembly has its type, or it would not be compiled while it streams', async () => {
  expect((await get('/petal_bg.wasm')).headers.get('content-type')).toBe('application/wasm')
})

test('hashed files are immutable and come compressed to whoever takes it', async () => {
  for (const [accepted, encoding] of [
    ['br, gzip', 'br'],
    ['gzip', 'gzip'],
    ['gzip, br;q=0', 'gzip'],
    ['identity', null],
  ]) {
    const response = await get('/assets/index-4f8a12bc.js', { headers: { 'accept-encoding': accepted ?? '' } })
    expect(response.headers.get('content-encoding')).toBe(encoding)
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(response.headers.get('vary')).toBe('accept-encoding')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(script)
  }
  expect((await get('/assets/index-4f8a12bc.js.br')).status).toBe(404)
})

test('HEAD is answered without a body, everything but GET and HEAD is not', async () => {
  const head = await get('/', { method: 'HEAD' })
  expect(head.headers.get('content-length')).toBe('15')
  expect(await head.text()).toBe('')
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await get('/', { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
  }
})

test.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '//etc/passwd',
  '/..\\secret.txt',
  '/link.txt',
  '/%00',
  '/%zz',
  '/assets',
  '/assets/',
  '/__proto__',
])('%s names nothing', async (path) => {
  const answer = await raw(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 404 /)
  expect(answer).not.toContain('secret\n')
})

test('an absolute URL in the request line is not followed', async () => {
  expect(await raw('GET http://127.0.0.1/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 404 /,
  )
})

test('headers beyond all measure are refused', async () => {
  const answer = await raw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
})

test('/network.json is never stored and waits until the node is ready', async () => {
  expect((await get('/network.json')).status).toBe(503)
  network = { format: 1, network: 'test' } as NetworkDescription
  const response = await get('/network.json')
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await response.json()).toEqual(network)
})

test('/healthz', async () => {
  expect(await (await get('/healthz')).json()).toEqual({
    status: 'ok',
    network: 'test',
    head: '7',
    connections: 0,
    reach: null,
  })
})

test('a busy port and a page that is not built are said plainly', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  const options = {
    host: '127.0.0.1',
    assets: await readAssets(join(directory, 'nothing')),
    network: () => undefined,
    health: () => ({ status: 'starting', network: null, head: null, connections: 0, reach: null }) as const,
  }
  await expect(startHttp({ ...options, port })).rejects.toMatchObject({
    code: 'busyPort',
    message: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`),
  })
  await new Promise((resolve) => other.close(resolve))
  const empty = await startHttp({ ...options, port: 0 })
  const response = await fetch(empty.url)
  expect(response.status).toBe(503)
  expect(await response.text()).toContain('npm run build')
  await empty.stop()
})
