import { nextDifficulty } from '../../../core/reel/difficulty.ts'
import type { CoreRunner } from '../runner.ts'

/** `difficulty/*.json`: single queries, or `steps` against the anchor of the case (spec 31 section 3, TRV-11). */
export const difficulty: CoreRunner = {
  backing: 'core',
  open: () => (fields, check) => {
    const anchor = {
      frame: fields.integer('anchor_frame'),
      parentTimeMillis: fields.integer('anchor_parent_time_ms'),
      difficulty: fields.integer('anchor_difficulty'),
    }
    const steps = fields.has('steps') ? fields.children('steps') : [fields]
    for (const step of steps)
      check.equal(
        step === fields ? 'next_difficulty' : `${step.path}.next_difficulty`,
        step.integer('next_difficulty'),
        nextDifficulty(anchor, step.integer('frame'), step.integer('time_ms')),
      )
  },
}
