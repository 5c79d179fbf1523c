/**
 * Bridges that lie, dawdle, flood or disagree, dialled by the built page: what the person reads, what the API answers, and that nothing is lost. The
 * rules behind each are tested in core/light; here they are seen from outside.
 */
import type { Page } from '@playwright/test'
import { type FieldRange, locateFields } from '../../core/light/header-fields.ts'
import { encodeResponse } from '../../core/light/wire.ts'
import { type Bridge, type Served, serving, startBridge } from './bridge.ts'
import { makeFork } from './made-network.ts'
import type { RunningNode } from './node.ts'
import { expect, expectProved, head, test } from './page.ts'
import { type NetworkDescription, type StaticServer, serveBuiltPage } from './static-server.ts'
import { frames, newest } from './vectors.ts'

const LAST = BigInt(newest.header.frame_number)
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const recorded: ReadonlyMap<bigint, Uint8Array> = new Map(
  frames.map(({ header, header_pb }) => [BigInt(header.frame_number), bytesOf(header_pb)]),
)
const last = bytesOf(newest.header_pb)

const describeNetwork = async (node: RunningNode): Promise<NetworkDescription> =>
  (await (await fetch(`${node.url}/network.json`)).json()) as NetworkDescription
const honestAddress = (node: RunningNode): string => node.addresses.find((one) => one.includes('/ws')) ?? ''
const servedBy = ({ network, profile }: NetworkDescription, headers: Served['headers'] = recorded): Served => ({
  network,
  profile,
  headers,
})

/** The page, from an origin that names these addresses. */
async function open(
  page: Page,
  node: RunningNode,
  addresses: readonly string[],
  change: Partial<NetworkDescription> = {},
): Promise<StaticServer> {
  const network = (description: NetworkDescription) => ({ ...description, ...change, addresses })
  const server = await serveBuiltPage({ networkFrom: node.url, network })
  await page.goto(server.url)
  return server
}

/** What the page says about that address. */
const peerReason = (page: Page, { address }: Bridge) =>
  page.locator('.peer', { hasText: address }).locator('.peer-reason')

const ready = (page: Page, timeoutMillis: number) =>
  page.evaluate(async (millis) => {
    try {
      const found = await window.petal?.ready({ timeoutMillis: millis })
      return { frame: String(found?.frame), from: found?.value.from }
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      return { code, message }
    }
  }, timeoutMillis)

function flipped(field: FieldRange | undefined): Uint8Array {
  if (field === undefined) throw new Error('no such field in the header')
  const bytes = last.slice()
  const at = field.offset + field.length - 1
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

test('bits flipped in each field: every such bridge is left with the reason, nothing stays verified, an honest node helps', async ({
  page,
  node,
}) => {
  const network = await describeNetwork(node)
  const fields = locateFields(last)
  const lies = [
    ['frame_number', /time proof|vdf|challenge|output/i],
    ['rank', /signature/i],
    ['timestamp', /time proof|vdf|challenge|output/i],
    ['output', /signature/i],
    ['parent_selector', /time proof|vdf|challenge|output/i],
    ['prover', /prover|leader/i],
    ['signature', /signature/i],
    ['bitmask', /key|mask|sign/i],
  ] as const
  await using stack = new AsyncDisposableStack()
  const bridges: Bridge[] = []
  for (const [name] of lies) {
    const header = flipped(fields.find((field) => field.name === name))
    bridges.push(stack.use(await startBridge(serving(servedBy(network, new Map([[LAST, header]]))))))
  }
  const server = await open(
    page,
    node,
    bridges.map(({ address }) => address),
  )
  stack.defer(() => server.close())
  for (const [at, [name, reason]] of lies.entries()) {
    await expect(peerReason(page, bridges[at] as Bridge), name).toHaveText(/^frame \d+ refused: /)
    await expect(peerReason(page, bridges[at] as Bridge), name).toHaveText(reason)
  }
  await expect(head(page)).toHaveAttribute('data-frame', '')
  await expect(head(page)).toHaveAttribute('data-phase', 'connecting')
  await expect(page.locator('.phase-reason')).toContainText('refused')
  await expect(page.locator('.frame-proved, .frame-certified')).toHaveCount(0)
  const answer = await ready(page, 500)
  expect(answer).toMatchObject({ code: 'noPeers' })
  expect(answer.message).toMatch(/refused.*anchors are/s)

  await page.getByLabel('Address of a node (multiaddr)').fill(honestAddress(node))
  await page.getByRole('button', { name: 'Add node' }).click()
  await expectProved(page, LAST)
  await expect(head(page)).toHaveAttribute('data-identity', newest.identity)
})

test('a chain of another committee is refused, and the honest node beside it is followed', async ({ page, node }) => {
  const network = await describeNetwork(node)
  const { above } = await makeFork()
  await using stranger = await startBridge(serving(servedBy(network, new Map([[300_000n, above]]))))
  const server = await open(page, node, [stranger.address, honestAddress(node)])
  try {
    await expectProved(page, LAST)
    await expect(peerReason(page, stranger)).toHaveText(/^frame 300000 refused: .*(key|sign|committee)/)
    await expect(page.locator('[data-row="300000"]')).toHaveAttribute('data-outcome', 'refused')
    expect(await ready(page, 500)).toEqual({ frame: String(LAST), from: honestAddress(node) })
  } finally {
    await server.close()
  }
})

test('an old head never takes the place of a newer one', async ({ page, node }) => {
  const network = await describeNetwork(node)
  const old = LAST - 12n
  await using behind = await startBridge(serving(servedBy(network), () => old))
  const server = await open(page, node, [behind.address])
  try {
    await expectProved(page, old)
    await page.evaluate((address) => window.petal?.addAddress(address), honestAddress(node))
    await expectProved(page, LAST)
    const asked = behind.asked.length
    await page.evaluate((number) => window.petal?.header(BigInt(number)), String(old - 2n))
    await expect(head(page)).toHaveAttribute('data-frame', String(LAST))
    await expect(head(page)).toHaveAttribute('data-phase', 'ready')
    expect(behind.asked.length, 'what is held is not asked for again').toBe(asked)
  } finally {
    await server.close()
  }
})

test('answers that dribble in byte by byte are verified all the same', async ({ page, node }) => {
  const network = await describeNetwork(node)
  const answer = serving(servedBy(network, new Map([[LAST, last]])))
  await using dribbling = await startBridge(answer, { singleBytes: 1000 })
  const server = await open(page, node, [dribbling.address])
  try {
    await expectProved(page, LAST)
    expect(await ready(page, 500)).toEqual({ frame: String(LAST), from: dribbling.address })
  } finally {
    await server.close()
  }
})

test('a bridge too slow to finish its first answer holds nobody up, and is left', async ({ page, node }) => {
  const network = await describeNetwork(node)
  await using slow = await startBridge(serving(servedBy(network)), { singleBytes: 100_000, pauseMillis: 2000 })
  const server = await open(page, node, [slow.address, honestAddress(node)])
  try {
    await expectProved(page, LAST)
    expect(slow.asked).toEqual(['hello'])
    await expect(peerReason(page, slow)).toContainText('does not answer')
    await expect(head(page)).toHaveAttribute('data-phase', 'ready')
  } finally {
    await server.close()
  }
})

test('streams without end are cut off, and said', async ({ page, node }) => {
  const network = await describeNetwork(node)
  const answer = serving(servedBy(network))
  const ofHeads = encodeResponse({ kind: 'head', header: last })
  await using flood = await startBridge((request) => answer(request), {
    // A subscription begins with a question for alerts.
    endless: ({ kind }) => (kind === 'alerts' ? null : kind === 'subscribe' ? ofHeads : new Uint8Array(0)),
  })
  // A message that announces a gigabyte, and goes on for ever.
  await using huge = await startBridge(() => Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04), {
    endless: () => new Uint8Array(4096),
  })
  const server = await open(page, node, [huge.address, flood.address])
  try {
    await expect(peerReason(page, huge)).toHaveText(/bytes|length|long/)
    await expect(peerReason(page, flood)).toContainText('floods')
    await page.evaluate((address) => window.petal?.addAddress(address), honestAddress(node))
    await expectProved(page, LAST)
  } finally {
    await server.close()
  }
})

for (const forked of [false, true]) {
  const what = forked ? 'a forked chain, whose next frame follows another one' : 'two bridges that disagree'
  test(`${what}: both certified frames are evidence, and everything stops until there are new anchors`, async ({
    page,
    node,
  }) => {
    const network = await describeNetwork(node)
    const { anchors, first, second, secondsChild } = await makeFork()
    const other = new Map([[8n, second]])
    if (forked) other.set(9n, secondsChild)
    await using one = await startBridge(serving(servedBy(network, new Map([[8n, first]]))))
    await using two = await startBridge(serving(servedBy(network, other)))
    const server = await open(page, node, [one.address, two.address], { anchors: { ...network.anchors, ...anchors } })
    try {
      await expect(page.getByTestId('evidence')).toBeVisible()
      await expect(page.getByTestId('evidence')).toContainText('signed two different frames 8')
      await expect(head(page)).toHaveAttribute('data-phase', 'halted')
      await expect(page.locator('.phase-next')).toContainText('new anchors')
      expect(await ready(page, 500)).toMatchObject({ code: 'halted' })
      const code = await page.evaluate(() => window.petal?.header(8n).catch((error) => error.code))
      expect(code).toBe('halted')

      await page.reload()
      await expect(page.getByTestId('evidence')).toBeVisible()
      expect(await ready(page, 500)).toMatchObject({ code: 'halted' })
    } finally {
      await server.close()
    }
  })
}
