/** What the State section shows, made when it is first opened. */
import { effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Head } from '../../client.ts'
import type { PageModel } from '../page-model.ts'
import { type CommitmentMap, commitmentMap } from './commitments.ts'
import { createLookup, type LookupModel } from './lookup.ts'
import { createRegistry, type RegistryModel } from './registry.ts'

export interface ExplorerModel {
  readonly page: PageModel
  readonly lookup: LookupModel
  readonly registry: RegistryModel
  /** Commitments of the newest head; null before the first. */
  readonly commitments: ReadonlySignal<CommitmentMap | null>
  close(): void
}

export function createExplorer(page: PageModel): ExplorerModel {
  const lookup = createLookup(page.client)
  const registry = createRegistry(page.client)
  const commitments = signal<CommitmentMap | null>(null)
  let newest: Head | null = null
  let before: Head | null = null

  const show = (): void => {
    commitments.value = newest === null ? null : commitmentMap(newest, before)
  }
  const stop = effect(() => {
    const head = page.head.value
    // The same frame comes again when its time proof holds; a lower one when the newest was taken back.
    if (head !== null && newest !== null && head.frame > newest.frame) before = newest
    if (before !== null && head !== null && before.frame >= head.frame) before = null
    newest = head
    show()
  })
  // The head before the section was opened.
  void page.client
    .recent(2)
    .then(([, earlier]) => {
      if (before !== null || earlier === undefined || newest === null || earlier.frame >= newest.frame) return
      before = earlier
      show()
    })
    // A client that is stopping: the next head brings something to compare with.
    .catch(() => undefined)

  return {
    page,
    lookup,
    registry,
    commitments,
    close() {
      stop()
      lookup.close()
      registry.close()
    },
  }
}
