import { expect, test } from 'vitest'
import { choose, problemOf } from './campaign.ts'
import { codecTargets } from './codec.ts'

test('every target is chosen, most inputs get behind the first check, and nothing is found', () => {
  const targets = codecTargets()
  const outcomes = new Map<string, number>()
  for (let number = 0; number < 3000; number++) {
    const { target, random } = choose(targets, 20261125, number)
    const answer = target.run(random).outcomes
    expect(problemOf(answer)).toBeUndefined()
    outcomes.set(target.name, (outcomes.get(target.name) ?? 0) + 1)
    if (target.name === 'message by prefix') {
      const kind = answer[0]?.startsWith('value:') ? 'read' : 'refused'
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
    }
  }
  for (const { name } of targets) expect(outcomes.get(name)).toBeGreaterThan(0)
  expect(outcomes.get('read')).toBeGreaterThan(300)
  expect(outcomes.get('refused')).toBeGreaterThan(300)
})
