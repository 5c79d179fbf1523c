/** The built page: all its files read once at start, so that a request can only name what is in this table. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { NodeError, systemCode } from '../errors.ts'

const MAX_BYTES = 128 << 20
const MAX_FILES = 5_000

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** `br` and `gzip` are files beside the original, made by the build. */
export type Encoding = 'br' | 'gzip'
const SUFFIXES: readonly (readonly [string, Encoding])[] = [
  ['.br', 'br'],
  ['.gz', 'gzip'],
]

export interface Asset {
  readonly type: string
  readonly body: Buffer
  readonly encoded: Partial<Record<Encoding, Buffer>>
  /** Strong validator of the content, in quotes. */
  readonly etag: string
  /** The name holds a hash of the content: it never changes. */
  readonly immutable: boolean
}

/** By URL path, decoded (`/`, `/assets/index-4f8a12bc.js`). */
export type Assets = ReadonlyMap<string, Asset>

/** Reads a directory; an empty table when it is not there. Throws `NodeError` `data` when it is beyond all measure. */
export async function readAssets(root: string): Promise<Assets> {
  const assets = new Map<string, Asset>()
  const contents = new Map<string, Buffer>()
  let bytes = 0
  for (const path of await filesIn(root)) {
    const body = await readFile(path)
    bytes += body.length
    if (bytes > MAX_BYTES || contents.size >= MAX_FILES) {
      throw new NodeError('data', `${root} is not a built page: more than ${MAX_BYTES} bytes or ${MAX_FILES} files`)
    }
    contents.set(`/${relative(root, path).split(sep).join('/')}`, body)
  }
  for (const [name, body] of contents) {
    if (SUFFIXES.some(([suffix]) => name.endsWith(suffix) && contents.has(name.slice(0, -suffix.length)))) continue
    assets.set(name, asset(name, body, contents))
  }
  const index = assets.get('/index.html')
  if (index !== undefined) assets.set('/', index)
  return assets
}

function asset(name: string, body: Buffer, contents: ReadonlyMap<string, Buffer>): Asset {
  const encoded: Partial<Record<Encoding, Buffer>> = {}
  for (const [suffix, encoding] of SUFFIXES) {
    const smaller = contents.get(name + suffix)
    if (smaller !== undefined) encoded[encoding] = smaller
  }
  return {
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    body,
    encoded,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    immutable: /^\/assets\/.+[-.][\w-]{8,}\.\w+$/.test(name),
  }
}

async function filesIn(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    // Symbolic links are not followed: only what was built is served.
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
