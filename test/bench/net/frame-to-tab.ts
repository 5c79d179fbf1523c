/** From a node that has a frame to the page of a tab that gossips with it: signed, sent, verified in the tab's worker, handed to the page. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright'
import { fromProtobuf } from '../../../core/codec/protobuf.ts'
import { GlobalFrame, GlobalFrameHeader } from '../../../core/codec/tables/consensus.ts'
import { GLOBAL_TOPICS } from '../../../core/gossip/topics.ts'
import { useEngineForHostKeys } from '../../../p2p/host-keys.ts'
import { loadAddon } from '../../../server-node/crypto/addon.ts'
import { startGossipingNode } from '../../e2e/gossip-nodes.ts'
import { CHAIN, replay, startNode } from '../../e2e/node.ts'
import { serveBuiltPage } from '../../e2e/static-server.ts'
import { launch } from '../chromium/platform.ts'
import { type Figure, figureOf } from '../figure.ts'
import { quantile } from '../measure.ts'
import { demand } from '../step.ts'

export const FRAME_TO_TAB = 'frame-to-tab'
export const FRAME_TO_TAB_TITLE = 'frame of 20 KB by gossip to the page of a tab, after a node has it'

const FRAMES = 100
/** Frames that compile and fill what stays. */
const WARM_UP = 20
/** Between two frames: everything is at rest. */
const PAUSE_MILLIS = 100
const WAIT_MILLIS = 60_000
/** Questions by which the two clocks are compared: the one with the shortest way counts. */
const CLOCK_QUESTIONS = 100

const TOPIC = GLOBAL_TOPICS.frame

interface Arrivals {
  /** Milliseconds since the epoch by the counter that the frame carries. */
  arrivals?: Map<number, number>
}

export async function frameToTab(): Promise<Figure> {
  useEngineForHostKeys(loadAddon())
  await using chain = await startNode(replay())
  await using gossiping = await startGossipingNode([TOPIC])
  await using site = await serveBuiltPage({
    networkFrom: chain.url,
    network: (description) => ({ ...description, addresses: [...description.addresses, gossiping.websocket] }),
  })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(site.url)
    await page.waitForSelector('[data-testid=head][data-phase=ready]', { state: 'attached', timeout: WAIT_MILLIS })
    const tab = await listen(page)
    const { gossip } = gossiping.node
    const deadline = Date.now() + WAIT_MILLIS
    while (!gossip.meshOf(TOPIC).includes(tab) && Date.now() < deadline) await page.waitForTimeout(50)
    const ahead = await clockOf(page)
    const sent: number[] = []
    let bytes = 0
    for (let counter = 0; counter < FRAMES + WARM_UP; counter++) {
      const frame = frameOf(counter)
      bytes = frame.length
      sent.push(now())
      const peers = await gossip.publish(TOPIC, frame)
      demand(peers > 0, 'a frame that is sent')
      await page.waitForTimeout(PAUSE_MILLIS)
    }
    const arrivals = new Map(await page.evaluate(() => [...((globalThis as Arrivals).arrivals ?? [])]))
    const millis = sent.map((at, counter) => (arrivals.get(counter) ?? Number.NaN) - ahead - at).slice(WARM_UP)
    demand(millis.every(Number.isFinite), `all frames arrive: ${arrivals.size} of ${sent.length}`)
    const p95 = quantile(millis, 0.95).toFixed(1)
    return figureOf(FRAME_TO_TAB, `${FRAME_TO_TAB_TITLE} (${bytes} bytes; p95 ${p95} ms)`, 'ms', millis, 60, 25)
  } finally {
    await browser.close()
  }
}

const now = (): number => performance.timeOrigin + performance.now()

/** Subscribes in the page; answers the peer id of the tab. */
const listen = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const client = window.petal
    if (client === undefined) throw new Error('the page has no client')
    const arrivals = new Map<number, number>()
    Object.assign(globalThis, { arrivals })
    await client.subscribe('0000', ({ data }) => {
      const at = performance.timeOrigin + performance.now()
      // The counter stands where the frame carries its time: after two type prefixes, a length and two numbers.
      const counter = Number(new DataView(data.buffer, data.byteOffset).getBigInt64(28))
      arrivals.set(counter, at)
    })
    return (await client.identity()).peerId
  })

/** How far the page's clock is ahead of ours. */
async function clockOf(page: Page): Promise<number> {
  let best = { way: Number.POSITIVE_INFINITY, ahead: 0 }
  for (let question = 0; question < CLOCK_QUESTIONS; question++) {
    const before = now()
    const there = await page.evaluate(() => performance.timeOrigin + performance.now())
    const after = now()
    if (after - before < best.way) best = { way: after - before, ahead: there - (before + after) / 2 }
  }
  return best.ahead
}

/** A recorded header as a frame, with a counter for its time: bytes that no other frame has. */
function frameOf(counter: number): Uint8Array {
  return GlobalFrame.encode({ header: { ...recorded, timestamp: BigInt(counter) }, requests: [] })
}

const recorded = (() => {
  const { cases } = JSON.parse(readFileSync(CHAIN, 'utf8')) as { readonly cases: readonly { header_pb: string }[] }
  return fromProtobuf(GlobalFrameHeader, Buffer.from(cases[1]?.header_pb ?? '', 'hex'))
})()
