import { expect, test } from 'vitest'
import { ClientError, type ProverList, type ProverValue, type StateReads } from '../../client.ts'
import { createRegistry, sortedProvers, statusCounts } from './registry.ts'

const prover = (address: string, status: ProverValue['status'], seniority: bigint): ProverValue =>
  ({ address, status, seniority }) as unknown as ProverValue

const PROVERS = [prover('b', 'active', 1n), prover('a', 'active', 1n), prover('c', 'left', 9n)]

test('provers are listed by seniority, and by status when asked', () => {
  const addresses = (status: Parameters<typeof sortedProvers>[1]) =>
    sortedProvers(PROVERS, status).map(({ address }) => address)
  expect(addresses('all')).toEqual(['c', 'a', 'b'])
  expect(addresses('active')).toEqual(['a', 'b'])
  expect([...statusCounts(PROVERS)]).toEqual([
    ['active', 2],
    ['left', 1],
  ])
})

function reads(outcome: () => ProverList): { reads: Pick<StateReads, 'listProvers'>; calls: () => number } {
  let calls = 0
  return {
    calls: () => calls,
    reads: {
      async listProvers(options) {
        calls++
        options?.onProgress?.({ leaves: 5, total: 10, bytes: 900 })
        await Promise.resolve()
        return outcome()
      },
    },
  }
}

test('progress shows while pulling, and a second press does not pull twice', async () => {
  const list = { value: PROVERS, verified: 'full' } as unknown as ProverList
  const source = reads(() => list)
  const registry = createRegistry(source.reads)
  const pulling = registry.pull()
  expect(registry.progress.value).toEqual({ leaves: 5, total: 10, bytes: 900 })
  await registry.pull()
  await pulling
  expect(source.calls()).toBe(1)
  expect(registry.list.value).toBe(list)
  expect(registry.progress.value).toBeNull()
})

test('a failed pull keeps the list that was verified before', async () => {
  const list = { value: PROVERS, verified: 'full' } as unknown as ProverList
  let fail = false
  const registry = createRegistry(
    reads(() => {
      if (fail) throw new ClientError('refused', 'The rebuilt root is another one.')
      return list
    }).reads,
  )
  await registry.pull()
  fail = true
  await registry.pull()
  expect(registry.list.value).toBe(list)
  expect(registry.advice.value?.text).toBe('The rebuilt root is another one.')
  expect(registry.progress.value).toBeNull()
})
