import { descriptionOf } from '@petal/core/light/made-up.ts'
import { MemoryStore } from '@petal/core/light/memory-store.ts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { currentAddresses, findNetwork } from './network-source.ts'

const ADDRESS = 'http://node.example/network.json'
const description = descriptionOf(['/a', '/b'], 1_750_000_000_000)
const answer = (body: BodyInit | null, status = 200) => vi.fn(async () => new Response(body, { status }))
const offline = vi.fn(async () => {
  throw new TypeError('Failed to fetch')
})

afterEach(() => vi.unstubAllGlobals())

describe('the network description', () => {
  test('comes from an address, and is remembered for when that cannot be reached', async () => {
    const store = new MemoryStore()
    vi.stubGlobal('fetch', answer(JSON.stringify(description)))
    expect(await findNetwork(ADDRESS, undefined, store)).toEqual({ description, note: null })
    vi.stubGlobal('fetch', offline)
    const remembered = await findNetwork(ADDRESS, undefined, store)
    expect(remembered.description).toEqual(description)
    expect(remembered.note).toContain('last visit')
    await expect(findNetwork('http://other.example/', undefined, store)).rejects.toThrow('Failed to fetch')
  })

  test('given anchors replace its own, and are checked', async () => {
    vi.stubGlobal('fetch', answer(JSON.stringify(description)))
    const anchors = { ...description.anchors, issuedAt: 5 }
    expect((await findNetwork(ADDRESS, anchors, new MemoryStore())).description.anchors).toEqual(anchors)
    expect((await findNetwork(description, anchors, new MemoryStore())).description.anchors.issuedAt).toBe(5)
    const wrong = { ...anchors, issuedAt: -1 }
    await expect(findNetwork(description, wrong, new MemoryStore())).rejects.toMatchObject({ name: 'DescriptionError' })
  })

  test('what is no description is refused and not remembered; an error status is not reached', async () => {
    const store = new MemoryStore()
    vi.stubGlobal('fetch', answer('<!doctype html>'))
    await expect(findNetwork(ADDRESS, undefined, store)).rejects.toMatchObject({ code: 'syntax' })
    vi.stubGlobal('fetch', answer('gone', 404))
    await expect(findNetwork(ADDRESS, undefined, store)).rejects.toThrow('404')
  })

  test('a text without end is cut off', async () => {
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    vi.stubGlobal('fetch', answer(endless))
    await expect(findNetwork(ADDRESS, undefined, new MemoryStore())).rejects.toMatchObject({ code: 'size' })
    expect(sent).toBeLessThan(2 << 20)
  })

  test('later addresses of the same network are taken, those of another are not', async () => {
    vi.stubGlobal('fetch', answer(JSON.stringify({ ...description, addresses: ['/c'] })))
    expect(await currentAddresses(ADDRESS, description)).toEqual(['/c'])
    expect(await currentAddresses(ADDRESS, { ...description, network: 'other' })).toEqual([])
    vi.stubGlobal('fetch', offline)
    expect(await currentAddresses(ADDRESS, description)).toEqual([])
  })
})
