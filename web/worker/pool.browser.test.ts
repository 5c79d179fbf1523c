import { chainAnchors, cryptoCompliance } from '@petal/core/crypto/compliance.ts'
import { describe, expect, test } from 'vitest'
import signVerify from '../../test/vectors/bls48581/sign_verify.json' with { type: 'json' }
import chain from '../../test/vectors/frames/global_chain.json' with { type: 'json' }
import negative from '../../test/vectors/frames/global_negative.json' with { type: 'json' }
import hashBytes from '../../test/vectors/poseidon/hash_bytes.json' with { type: 'json' }
import traversals from '../../test/vectors/tries/traversal.json' with { type: 'json' }
import trees from '../../test/vectors/tries/trees.json' with { type: 'json' }
import { chooseVariant, compileEngine, WorkerPool } from './index.ts'

type Data = Parameters<typeof cryptoCompliance>[2]['data']
const data = { chain, negative, signVerify, hashBytes, traversals, trees } as unknown as Data
const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const header = (at: number) => fromHex(data.chain.cases[at]?.header_pb ?? '')

cryptoCompliance('pool of 2 workers, verifier module', async () => new WorkerPool({ workers: 2 }), {
  full: false,
  data,
})
cryptoCompliance('pool of 2 workers, full module', async () => new WorkerPool({ workers: 2, module: 'full' }), {
  full: true,
  data,
})

const cryptoWorker = () => new Worker(new URL('./crypto-worker.ts', import.meta.url), { type: 'module' })

describe('pool of workers', () => {
  test('this browser has simd128, and the description names the variant', async () => {
    expect(['simd', 'wide']).toContain(chooseVariant())
    const pool = new WorkerPool({ workers: 1 })
    await pool.inspectHeader(header(4))
    expect(pool.description).toMatch(/^wasm (simd|wide) .*1 worker$/)
    await pool.close()
  })

  test('CVT-05 a tree is rebuilt by all workers: the root is that of one, and leaves that exclude each other are refused as by one', async () => {
    const [one, several] = [new WorkerPool({ workers: 1 }), new WorkerPool({ workers: 2 })]
    const leaves = Array.from({ length: 400 }, (_, index) => {
      const key = new Uint8Array(32)
      new DataView(key.buffer).setUint32(0, Math.imul(index + 1, 0x9e37_79b1))
      return { key, value: Uint8Array.of(index & 0xff), hashTarget: new Uint8Array(0) }
    })
    expect(await several.rebuildRoot(leaves)).toEqual(await one.rebuildRoot(leaves))
    const twice = [...leaves, ...leaves.slice(0, 1)]
    await expect(several.rebuildRoot(twice)).rejects.toMatchObject({ code: 'arguments' })
    await expect(several.rebuildRoot(leaves, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    })
    await one.close()
    await several.close()
  })

  test('a worker that dies in a job is replaced, and the job runs once more', async () => {
    const workers: Worker[] = []
    const pool = new WorkerPool({
      workers: 1,
      spawn: () => {
        const worker = cryptoWorker()
        workers.push(worker)
        return worker
      },
    })
    const { committee, rules } = chainAnchors(data.chain)
    const handle = await pool.openCommittee(committee)
    const job = pool.verifyCertificate(header(4), handle, rules)
    workers[0]?.dispatchEvent(new ErrorEvent('error', { message: 'made to die' }))
    expect((await job).valid).toBe(true)
    expect(workers).toHaveLength(2)
    await pool.close()
  })

  test('a job that kills every worker fails as crashed, and the pool goes on', async () => {
    let spawned = 0
    const pool = new WorkerPool({
      workers: 1,
      spawn: () => {
        const worker = cryptoWorker()
        if (++spawned <= 2) {
          const post = worker.postMessage.bind(worker) as (...args: unknown[]) => void
          let messages = 0
          worker.postMessage = (...args: unknown[]) => {
            // The first two messages load the engine, the third is the job.
            if (++messages === 3) worker.dispatchEvent(new ErrorEvent('error', { message: 'made to die' }))
            else post(...args)
          }
        }
        return worker
      },
    })
    await expect(pool.inspectHeader(header(4))).rejects.toMatchObject({ name: 'CryptoError', code: 'crashed' })
    expect((await pool.inspectHeader(header(4))).number).toBeGreaterThan(0n)
    expect(spawned).toBe(3)
    await pool.close()
  })

  test('where WASM or workers are blocked everything is unavailable', async () => {
    const blocked = async () => {
      throw new WebAssembly.CompileError('Refused to compile: unsafe-eval')
    }
    const noWasm = new WorkerPool({ workers: 2, compile: blocked })
    await expect(noWasm.inspectHeader(header(4))).rejects.toMatchObject({ name: 'CryptoError', code: 'unavailable' })
    const noWorkers = new WorkerPool({
      workers: 2,
      spawn: () => {
        throw new DOMException('blocked', 'SecurityError')
      },
    })
    await expect(noWorkers.inspectHeader(header(4))).rejects.toMatchObject({ code: 'unavailable' })
    const missing = new WorkerPool({
      workers: 1,
      spawn: () => new Worker(new URL('/nowhere.js', location.href), { type: 'module' }),
    })
    await expect(missing.inspectHeader(header(4))).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a long job is cancelled within a moment, with its worker', async () => {
    const pool = new WorkerPool({ workers: 1, module: 'full' })
    const controller = new AbortController()
    await pool.hashBytes(Uint8Array.of(1))
    const started = performance.now()
    const job = pool.solveVdf(new Uint8Array(32).fill(1), 1_000_000, {
      signal: controller.signal,
      progress: () => controller.abort(),
    })
    await expect(job).rejects.toMatchObject({ code: 'cancelled' })
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(await pool.hashBytes(Uint8Array.of(1))).toHaveLength(32)
    await pool.close()
  })

  test('importing starts nothing, and the engine is compiled once for all workers', async () => {
    let compiled = 0
    const pool = new WorkerPool({
      workers: 2,
      compile: (module) => {
        compiled++
        return compileEngine(module)
      },
    })
    expect(compiled).toBe(0)
    await Promise.all([1, 2, 3, 4].map((n) => pool.inspectHeader(header(n))))
    expect(compiled).toBe(1)
    await pool.close()
  })
})
