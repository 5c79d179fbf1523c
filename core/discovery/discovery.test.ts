import { describe, expect, test } from 'vitest'
import { DISCOVERY, Discovery, type DiscoveryEffect } from './discovery.ts'

const kinds = (effects: readonly DiscoveryEffect[]) => effects.map(({ kind }) => kind)

describe('P2P-07 rounds of discovery', () => {
  test('the first announces, asks for providers and dials bootstrap peers', () => {
    const effects = new Discovery().handle({ kind: 'start' }, 1000)
    expect(kinds(effects)).toEqual(['dialBootstrap', 'provide', 'findProviders', 'dialKnown', 'wake'])
    expect(effects.at(-1)).toEqual({ kind: 'wake', at: 1000 + DISCOVERY.roundMillis })
  })

  test('five rounds ask for providers, later ones walk, after thirty they are rare', () => {
    const discovery = new Discovery()
    const rounds = [discovery.handle({ kind: 'start' }, 0)]
    for (let round = 1; round < 40; round++) rounds.push(discovery.handle({ kind: 'wake', connections: 10 }, round))
    expect(rounds.filter((effects) => kinds(effects).includes('findProviders'))).toHaveLength(5)
    expect(rounds.filter((effects) => kinds(effects).includes('walk'))).toHaveLength(35)
    const pauses = rounds.map((effects, round) => {
      const wake = effects.find((effect) => effect.kind === 'wake')
      return (wake?.at ?? 0) - round
    })
    expect(pauses.slice(0, 30)).toEqual(Array(30).fill(DISCOVERY.roundMillis))
    expect(pauses.slice(30)).toEqual(Array(10).fill(DISCOVERY.laterMillis))
  })

  test('who we are is said again once somebody is there, then every half hour: nodes of 2.1.0.24 keep it for an hour', () => {
    const discovery = new Discovery()
    discovery.handle({ kind: 'start' }, 0)
    const said: number[] = []
    for (let at = DISCOVERY.roundMillis; at < 3 * 3_600_000; at += DISCOVERY.roundMillis) {
      const connections = at < 300_000 ? 0 : 4
      if (kinds(discovery.handle({ kind: 'wake', connections }, at)).includes('provide')) said.push(at)
    }
    expect(said.slice(0, 3)).toEqual([300_000, 2_100_000, 3_900_000])
    expect(said).toHaveLength(6)
  })

  test('bootstrap peers are redialled below three connections, nobody is dialled with fifty', () => {
    const discovery = new Discovery()
    discovery.handle({ kind: 'start' }, 0)
    expect(kinds(discovery.handle({ kind: 'wake', connections: 2 }, 1))).toContain('dialBootstrap')
    expect(kinds(discovery.handle({ kind: 'wake', connections: 3 }, 2))).not.toContain('dialBootstrap')
    const full = kinds(discovery.handle({ kind: 'wake', connections: 50 }, 3))
    expect(full).toEqual(['wake'])
  })

  test('a short mesh asks for providers, at most every thirty seconds', () => {
    const discovery = new Discovery()
    discovery.handle({ kind: 'start' }, 0)
    expect(discovery.handle({ kind: 'shortage', connections: 4 }, 29_999)).toEqual([])
    expect(kinds(discovery.handle({ kind: 'shortage', connections: 4 }, 30_000))).toEqual(['findProviders'])
    expect(discovery.handle({ kind: 'shortage', connections: 4 }, 31_000)).toEqual([])
    expect(discovery.handle({ kind: 'shortage', connections: 50 }, 90_000)).toEqual([])
  })
})
