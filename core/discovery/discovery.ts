/** When to look for peers, and where (docs/protocol/50-p2p.md section 3). */
import type { Machine, Millis } from '../platform/machine.ts'

export interface DiscoveryParams {
  /** Between two rounds at first. */
  readonly roundMillis: number
  /** Rounds of that pace; later ones come every `laterMillis`. */
  readonly quickRounds: number
  readonly laterMillis: number
  /** Between two announcements to peers: nodes of 2.1.0.24 keep one for an hour. */
  readonly provideMillis: number
  /** Rounds that ask for providers; later ones ask for the peers closest to a random key. */
  readonly providerRounds: number
  /** Bootstrap peers are redialled below so many connections. */
  readonly fewConnections: number
  /** Known peers are dialled below so many connections. */
  readonly enoughConnections: number
  /** Between two questions for providers because a mesh is short of peers. */
  readonly shortageMillis: number
}

export const DISCOVERY: DiscoveryParams = {
  roundMillis: 30_000,
  quickRounds: 30,
  laterMillis: 300_000,
  provideMillis: 1_800_000,
  providerRounds: 5,
  fewConnections: 3,
  enoughConnections: 50,
  shortageMillis: 30_000,
}

export type DiscoveryEvent =
  | { readonly kind: 'start' }
  /** The alarm, with the number of open connections then. */
  | { readonly kind: 'wake'; readonly connections: number }
  /** A gossip mesh has fewer peers than it wants. */
  | { readonly kind: 'shortage'; readonly connections: number }

export type DiscoveryEffect =
  /** Say that we are of this network. */
  | { readonly kind: 'provide' }
  /** Ask who else is; dial what is found while there are fewer than `most` connections. */
  | { readonly kind: 'findProviders'; readonly most: number }
  /** Ask for the peers closest to a random key. */
  | { readonly kind: 'walk' }
  /** Dial bootstrap peers that are not connected. */
  | { readonly kind: 'dialBootstrap' }
  /** Dial peers of the routing table while there are fewer than `most` connections. */
  | { readonly kind: 'dialKnown'; readonly most: number }
  | { readonly kind: 'wake'; readonly at: Millis }

export class Discovery implements Machine<DiscoveryEvent, DiscoveryEffect> {
  readonly #params: DiscoveryParams
  #round = 0
  #lastQuestion: Millis = Number.NEGATIVE_INFINITY
  /** When we last announced ourselves and somebody was there to hear it. */
  #provided: Millis = Number.NEGATIVE_INFINITY

  constructor(params: Partial<DiscoveryParams> = {}) {
    this.#params = { ...DISCOVERY, ...params }
  }

  handle(event: DiscoveryEvent, now: Millis): readonly DiscoveryEffect[] {
    switch (event.kind) {
      case 'start':
        return [{ kind: 'dialBootstrap' }, { kind: 'provide' }, ...this.#roundAt(0, now)]
      case 'wake':
        return this.#roundAt(event.connections, now)
      case 'shortage':
        return this.#question(event.connections, now, this.#params.shortageMillis)
    }
  }

  #roundAt(connections: number, now: Millis): DiscoveryEffect[] {
    const { roundMillis, laterMillis, quickRounds, providerRounds, fewConnections, enoughConnections } = this.#params
    const { provideMillis } = this.#params
    const round = this.#round++
    const effects: DiscoveryEffect[] = []
    if (round > 0 && connections < fewConnections) effects.push({ kind: 'dialBootstrap' })
    if (connections > 0 && now - this.#provided >= provideMillis) {
      this.#provided = now
      effects.push({ kind: 'provide' })
    }
    if (round < providerRounds) effects.push(...this.#question(connections, now, 0))
    else effects.push({ kind: 'walk' })
    if (connections < enoughConnections) effects.push({ kind: 'dialKnown', most: enoughConnections })
    effects.push({ kind: 'wake', at: now + (round < quickRounds ? roundMillis : laterMillis) })
    return effects
  }

  #question(connections: number, now: Millis, apart: number): DiscoveryEffect[] {
    const most = this.#params.enoughConnections
    if (connections >= most || now - this.#lastQuestion < apart) return []
    this.#lastQuestion = now
    return [{ kind: 'findProviders', most }]
  }
}
