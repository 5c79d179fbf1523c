/**
 * Serves a built page apart from the node, so that a spec can change it: publish a second version, or take away what a browser may lack.
 * (Changing answers inside the browser would make it treat the page as one from another network, which may not dial this machine.)
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '../../web/client/types.ts'

export type NetworkDescription = NonNullable<Client['network']>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
}

const built = fileURLToPath(new URL('../../dist/web', import.meta.url))

export interface StaticServer extends AsyncDisposable {
  readonly url: string
  /** From now on every page says `data-release=name`, and the service worker is another one. */
  release(name: string): void
  close(): Promise<void>
}

export interface StaticServerOptions {
  /** Address of the node whose network.json is passed on. */
  readonly networkFrom: string
  /** Changes that description. */
  readonly network?: (description: NetworkDescription) => NetworkDescription
  /** Default `dist/web`. */
  readonly root?: string
  /** Runs before every script of the page and of its workers. */
  readonly prelude?: string
}

export async function serveBuiltPage(options: StaticServerOptions): Promise<StaticServer> {
  const root = options.root ?? built
  let current: string | null = null
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    try {
      if (path === '/network.json') {
        const answer = await fetch(`${options.networkFrom}/network.json`)
        const description = (await answer.json()) as NetworkDescription
        response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        response.end(JSON.stringify(options.network?.(description) ?? description))
        return
      }
      let content: Buffer | string = readFileSync(join(root, normalize(path)))
      if (options.prelude !== undefined && path.endsWith('.js')) content = `${options.prelude}\n${content.toString()}`
      if (current !== null && path.endsWith('.html')) {
        content = content.toString().replace('<html', `<html data-release="${current}"`)
      }
      if (current !== null && path === '/sw.js') {
        // Another revision of the page's HTML, as a real build would list it.
        content = content.toString().replace(/("?revision"?:\s*")[0-9a-f]{32}"/g, `$1${current}"`)
      }
      response.writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'cache-control': 'no-cache',
      })
      response.end(content)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    release: (name) => {
      current = name
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
