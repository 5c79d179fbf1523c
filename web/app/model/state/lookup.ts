/** One look-up at a time: what was asked, what came of it, and whether it is followed from frame to frame. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { HyperedgeValue, ProverValue, ShardValue, StateReads, StateValue, VertexValue } from '../../client.ts'
import type { Asked } from './addresses.ts'
import { type Advice, adviceOf } from './words.ts'

export type Answer =
  | { readonly kind: 'vertex'; readonly value: StateValue<VertexValue> }
  | { readonly kind: 'hyperedge'; readonly value: StateValue<HyperedgeValue> }
  | { readonly kind: 'prover'; readonly value: StateValue<ProverValue> }
  | { readonly kind: 'shard'; readonly value: StateValue<ShardValue> }

export type LookupState =
  | { readonly status: 'idle' }
  | { readonly status: 'asking'; readonly asked: Asked }
  | { readonly status: 'answered'; readonly asked: Asked; readonly answer: Answer }
  | { readonly status: 'failed'; readonly asked: Asked; readonly advice: Advice }

/** A value that is followed. */
export interface Following {
  /** Changes since following began. */
  readonly changes: number
  /** Fields that are others than before the last change. */
  readonly fields: ReadonlySet<string>
  /** Why it could not be read at the newest frame. */
  readonly trouble: Advice | null
}

export type Lookups = Pick<StateReads, 'getVertex' | 'getHyperedge' | 'getProver' | 'getShard' | 'watch'>

export interface LookupModel {
  readonly state: ReadonlySignal<LookupState>
  /** Null: the value is not followed. */
  readonly following: ReadonlySignal<Following | null>
  /** Asks; what was asked before is given up and followed no more. */
  ask(asked: Asked): Promise<void>
  /** Follows the vertex that was looked up, or stops following it. */
  follow(on: boolean): void
  close(): void
}

/** Names of the fields that were added, taken away or changed. */
export function changedFields(before: VertexValue | null, after: VertexValue | null): ReadonlySet<string> {
  const valuesOf = (vertex: VertexValue | null) =>
    new Map((vertex?.fields ?? []).map(({ name, value }) => [name, value]))
  const [old, now] = [valuesOf(before), valuesOf(after)]
  return new Set([...old.keys(), ...now.keys()].filter((name) => old.get(name) !== now.get(name)))
}

async function read(reads: Lookups, asked: Asked, signal: AbortSignal): Promise<Answer> {
  switch (asked.kind) {
    case 'vertex':
      return { kind: 'vertex', value: await reads.getVertex(asked, { signal }) }
    case 'hyperedge':
      return { kind: 'hyperedge', value: await reads.getHyperedge(asked, { signal }) }
    case 'prover':
      return { kind: 'prover', value: await reads.getProver(asked.address, { signal }) }
    case 'shard':
      return { kind: 'shard', value: await reads.getShard(asked.domain, { signal }) }
  }
}

export function createLookup(reads: Lookups): LookupModel {
  const state = signal<LookupState>({ status: 'idle' })
  const following = signal<Following | null>(null)
  let current = new AbortController()
  let unwatch: (() => void) | null = null

  const unfollow = (): void => {
    unwatch?.()
    unwatch = null
    following.value = null
  }
  /** A value read at a newer frame, or read differently. */
  const update = (asked: Asked, value: StateValue<VertexValue>): void => {
    const { value: shown } = state
    if (following.value === null) return
    const before = shown.status === 'answered' && shown.answer.kind === 'vertex' ? shown.answer.value : null
    const isChange = before !== null && !sameContent(before.value, value.value)
    following.value = {
      changes: following.value.changes + (isChange ? 1 : 0),
      fields: isChange ? changedFields(before.value, value.value) : following.value.fields,
      trouble: null,
    }
    state.value = { status: 'answered', asked, answer: { kind: 'vertex', value } }
  }

  return {
    state,
    following,
    async ask(asked) {
      current.abort()
      unfollow()
      const mine = new AbortController()
      current = mine
      state.value = { status: 'asking', asked }
      try {
        const answer = await read(reads, asked, mine.signal)
        if (current === mine) state.value = { status: 'answered', asked, answer }
      } catch (error) {
        if (current === mine) state.value = { status: 'failed', asked, advice: adviceOf(error) }
      }
    },
    follow(on) {
      unfollow()
      const { value: shown } = state
      if (!on || shown.status !== 'answered' || shown.asked.kind !== 'vertex') return
      const { asked } = shown
      following.value = { changes: 0, fields: new Set(), trouble: null }
      unwatch = reads.watch(shown.asked, (value) => update(asked, value), {
        onError: (error) => {
          if (following.value !== null) following.value = { ...following.value, trouble: adviceOf(error) }
        },
      })
    },
    close() {
      current.abort()
      unfollow()
    },
  }
}

/** Whether two reads found the same bytes. */
function sameContent(a: VertexValue | null, b: VertexValue | null): boolean {
  if (a === null || b === null) return a === b
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, at) => byte === b.bytes[at])
}
