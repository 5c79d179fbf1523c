/** Calls by grpcurl, with certificates that the Go side makes from the specification. */
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { GoPrograms } from './go-programs.ts'

const run = promisify(execFile)
const PROTO = fileURLToPath(new URL('../../../core/proto', import.meta.url))
const CALL_SECONDS = '30'

/** A certificate and its key, as files. */
export interface Credentials {
  readonly peerId: string
  readonly args: readonly string[]
}

/** What is wrong with a certificate that should be refused. */
export type CertificateFault = 'foreignName' | 'noSignature'

/** grpcurl reports another status than OK. */
export class GrpcurlError extends Error {
  /** Name of the gRPC status, or `undefined` when there was no answer. */
  readonly status: string | undefined
  constructor(text: string) {
    super(text.trim())
    this.name = 'GrpcurlError'
    this.status = /^\s*Code: (\w+)/m.exec(text)?.[1]
  }
}

export class Grpcurl {
  readonly #programs: GoPrograms

  constructor(programs: GoPrograms) {
    this.#programs = programs
  }

  async credentials(seed: Uint8Array, fault?: CertificateFault): Promise<Credentials> {
    const directory = await mkdtemp(join(this.#programs.directory, 'certificate-'))
    const args = ['-seed', Buffer.from(seed).toString('hex'), '-out', directory]
    const { stdout } = await run(
      this.#programs.path('certificate'),
      fault === undefined ? args : [...args, '-fault', fault],
    )
    const [cert, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
    return { peerId: stdout.trim(), args: ['-cert', cert, '-key', key] }
  }

  /** Services in a file of `core/proto`. */
  async list(proto: string): Promise<readonly string[]> {
    return (await this.#grpcurl(['-import-path', PROTO, '-proto', proto, 'list'])).trim().split('\n')
  }

  /** One call over TLS; the answer as JSON text. Throws `GrpcurlError`. */
  call(port: number, proto: string, method: string, request: object, who?: Credentials): Promise<string> {
    return this.#call(['-insecure', ...(who?.args ?? [])], port, proto, method, request)
  }

  /** One call in clear text, with headers `name: value`. */
  callPlain(
    port: number,
    proto: string,
    method: string,
    request: object,
    headers: readonly string[] = [],
  ): Promise<string> {
    const how = ['-plaintext', ...headers.flatMap((header) => ['-H', header])]
    return this.#call(how, port, proto, method, request)
  }

  #call(how: readonly string[], port: number, proto: string, method: string, request: object): Promise<string> {
    const files = ['-max-time', CALL_SECONDS, '-import-path', PROTO, '-proto', proto]
    return this.#grpcurl([...how, ...files, '-d', JSON.stringify(request), `127.0.0.1:${port}`, method])
  }

  async #grpcurl(args: readonly string[]): Promise<string> {
    try {
      return (await run(this.#programs.path('grpcurl'), args, { maxBuffer: 64 << 20 })).stdout
    } catch (error) {
      throw new GrpcurlError(error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error))
    }
  }
}
