/** Places of those that have begun a connection and not yet proved who they are, where libp2p does not count them. */
export class PendingPlaces {
  readonly #most: number
  readonly #ofAddress = new Map<string, number>()
  #taken = 0

  /** `most` in all. One address has half of them at most, so that no single machine takes all. */
  constructor(most: number) {
    this.#most = most
  }

  /** What gives the place back, to be called once; undefined when none is free. */
  take(address: string): (() => void) | undefined {
    const same = this.#ofAddress.get(address) ?? 0
    if (this.#taken >= this.#most || same >= Math.ceil(this.#most / 2)) return undefined
    this.#taken++
    this.#ofAddress.set(address, same + 1)
    return () => this.#leave(address)
  }

  #leave(address: string): void {
    this.#taken--
    const left = (this.#ofAddress.get(address) ?? 1) - 1
    if (left > 0) this.#ofAddress.set(address, left)
    else this.#ofAddress.delete(address)
  }
}
