/** Reads one vertex with all its proofs in the built page, from a local network on loopback whose frames go on meanwhile. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Page } from 'playwright'
import { EngineTrees } from '../../core/crypto/engine-trees.ts'
import { FLOWERS, Garden } from '../../server-node/state/demonstration.ts'
import { startNode } from '../e2e/node.ts'
import { loadNativeEngine } from '../engines/native.ts'
import { launch } from './chromium/platform.ts'
import { type Figure, figureOf } from './figure.ts'
import { demand } from './step.ts'

export const PAGE_READ = 'page-read'
export const PAGE_READ_TITLE = 'proof-carrying read of one vertex in a tab, end to end on loopback, warm'

const READS = 15
/** Reads that compile, dial and fill what stays. */
const WARM_UP = 3
const WAIT_MILLIS = 120_000
/** Between two reads: the page is at rest. */
const PAUSE_MILLIS = 250

interface Read {
  readonly millis: number
  readonly verified: unknown
  readonly bytes: number
  readonly steps: readonly { readonly name: string; readonly ok: boolean }[]
}

/** Wall milliseconds from the call to the verified value. Each read is of another vertex than the one before. */
export async function pageRead(): Promise<Figure> {
  await using node = await startNode({ args: ['--network', 'local', '--port', '0'] })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(node.url)
    await page.waitForSelector('[data-testid=head][data-phase=ready]', { state: 'attached', timeout: WAIT_MILLIS })
    const ids = flowers()
    const reads: Read[] = []
    for (let round = 0; round < READS + WARM_UP; round++) {
      reads.push(await readOnce(page, ids[round % ids.length] ?? ''))
      await page.waitForTimeout(PAUSE_MILLIS)
    }
    for (const { verified, bytes, steps } of reads) {
      demand(verified === 'certificate' || verified === 'full', `a value that is verified: ${verified}`)
      demand(bytes > 0 && steps.length === 3 && steps.every(({ ok }) => ok), 'a value without its three proofs')
    }
    const millis = reads.slice(WARM_UP).map((read) => read.millis)
    return figureOf(PAGE_READ, PAGE_READ_TITLE, 'ms', millis, 400, 150)
  } finally {
    await browser.close()
  }
}

/** Ids of the vertices that the local network writes about itself. */
function flowers(): readonly string[] {
  const engine = loadNativeEngine()
  const garden = new Garden(new EngineTrees(engine), (message) => engine.poseidonHashBytes(message))
  return Array.from({ length: FLOWERS }, (_, index) => {
    const { domain, address } = garden.flower(index)
    return bytesToHex(domain) + bytesToHex(address)
  })
}

const readOnce = (page: Page, id: string): Promise<Read> =>
  page.evaluate(async (asked) => {
    const client = window.petal
    if (client === undefined) throw new Error('the page has no client')
    const start = performance.now()
    const { verified, value, steps } = await client.getVertex(asked)
    const millis = performance.now() - start
    return { millis, verified, bytes: value?.bytes.length ?? 0, steps: steps.map(({ name, ok }) => ({ name, ok })) }
  }, id)
