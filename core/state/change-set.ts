/**
 * Changes of one frame before they reach the state (spec 41 section 4): read newest first, undone to a savepoint when a bundle fails, applied
 * in order. One change set is used by one caller at a time.
 */
import { type Change, type ChangeList, type Location, type State, StateError } from '../platform/state.ts'
import { locationKey } from './location.ts'

/** A place in a change set to which it can return. */
export interface Savepoint {
  readonly length: number
}

export class ChangeSet {
  readonly #base: Pick<State, 'get' | 'isRemoved'>
  readonly #changes: Change[] = []
  /** Location -> indices into the changes, ascending. */
  readonly #byLocation = new Map<string, number[]>()

  /** `base`: what is read where nothing is pending. */
  constructor(base: Pick<State, 'get' | 'isRemoved'>) {
    this.#base = base
  }

  /** The newest value; `undefined` when absent or removed. */
  async get(location: Location): Promise<Uint8Array | undefined> {
    const newest = this.#newest(location)
    if (newest === undefined) return await this.#base.get(location)
    return newest.kind === 'add' ? newest.value : undefined
  }

  /** Adds or overwrites. Throws `StateError` `removed` where the location was ever removed. */
  async set(location: Location, value: Uint8Array): Promise<void> {
    const newest = this.#newest(location)
    const removed = newest ? newest.kind === 'remove' : await this.#base.isRemoved(location)
    if (removed) throw new StateError('removed', `${locationKey(location)} was removed and cannot be set again`)
    this.#push({ kind: 'add', location, value })
  }

  /** Removes for ever; a location that was never added as well (spec 21 section 4.2). */
  remove(location: Location): void {
    if (this.#newest(location)?.kind !== 'remove') this.#push({ kind: 'remove', location })
  }

  /** All changes in order; `covers` leaves out those of shards that are not held here. */
  list(covers: (location: Location) => boolean = () => true): ChangeList {
    return this.#changes.filter(({ location }) => covers(location))
  }

  savepoint(): Savepoint {
    return { length: this.#changes.length }
  }

  /** Drops every change made since. Throws `StateError` `arguments` for a savepoint that was already undone. */
  rollBack({ length }: Savepoint): void {
    if (length > this.#changes.length) throw new StateError('arguments', 'the savepoint was undone before')
    for (const { location } of this.#changes.splice(length)) {
      const key = locationKey(location)
      const indices = this.#byLocation.get(key)
      indices?.pop()
      if (indices?.length === 0) this.#byLocation.delete(key)
    }
  }

  /** Runs a bundle: when it throws, its changes are dropped and the error goes on. */
  async attempt<T>(bundle: (changes: ChangeSet) => Promise<T>): Promise<T> {
    const before = this.savepoint()
    try {
      return await bundle(this)
    } catch (error) {
      this.rollBack(before)
      throw error
    }
  }

  #newest(location: Location): Change | undefined {
    const index = this.#byLocation.get(locationKey(location))?.at(-1)
    return index === undefined ? undefined : this.#changes[index]
  }

  #push(change: Change): void {
    const key = locationKey(change.location)
    const indices = this.#byLocation.get(key)
    if (indices) indices.push(this.#changes.length)
    else this.#byLocation.set(key, [this.#changes.length])
    this.#changes.push(change)
  }
}
