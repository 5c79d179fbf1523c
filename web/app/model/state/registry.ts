/** The whole registry of provers: pulled when asked for, rebuilt and compared by the client. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { ProverList, ProverStatus, ProverValue, StateReads, SyncProgress } from '../../client.ts'
import { type Advice, adviceOf } from './words.ts'

export interface RegistryModel {
  readonly list: ReadonlySignal<ProverList | null>
  /** What has arrived so far; null while nothing is being pulled. */
  readonly progress: ReadonlySignal<SyncProgress | null>
  readonly advice: ReadonlySignal<Advice | null>
  pull(): Promise<void>
  close(): void
}

export function createRegistry(reads: Pick<StateReads, 'listProvers'>): RegistryModel {
  const list = signal<ProverList | null>(null)
  const progress = signal<SyncProgress | null>(null)
  const advice = signal<Advice | null>(null)
  const closed = new AbortController()
  return {
    list,
    progress,
    advice,
    async pull() {
      if (progress.value !== null) return
      progress.value = { leaves: 0, total: null, bytes: 0 }
      advice.value = null
      try {
        list.value = await reads.listProvers({
          signal: closed.signal,
          onProgress: (next) => {
            if (progress.value !== null) progress.value = next
          },
        })
      } catch (error) {
        advice.value = adviceOf(error)
      } finally {
        progress.value = null
      }
    },
    close: () => closed.abort(),
  }
}

export type StatusFilter = ProverStatus | 'all'

/** Those of one status, highest seniority first. */
export function sortedProvers(provers: readonly ProverValue[], status: StatusFilter): readonly ProverValue[] {
  return provers
    .filter((prover) => status === 'all' || prover.status === status)
    .sort((a, b) => (a.seniority < b.seniority ? 1 : a.seniority > b.seniority ? -1 : a.address < b.address ? -1 : 1))
}

/** How many provers have each status, only those that occur. */
export function statusCounts(provers: readonly ProverValue[]): ReadonlyMap<ProverStatus, number> {
  const counts = new Map<ProverStatus, number>()
  for (const { status } of provers) counts.set(status, (counts.get(status) ?? 0) + 1)
  return counts
}
