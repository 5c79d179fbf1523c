import type { Check } from '../client.ts'
import { isTimeProof } from '../model/frames.ts'

/** Petals drawn before the first verdict: as many as a certificate has checks. */
const UNKNOWN_PETALS = 7

/** One petal pointing up, narrow enough that `count` of them stand side by side. */
function petalPath(count: number): string {
  const width = Math.min(46, 250 / count)
  return `M0 -17C${width} -34 ${width * 0.92} -72 0 -88C${-width * 0.92} -72 ${-width} -34 0 -17Z`
}

export interface FlowerProps {
  readonly checks: readonly Check[]
  /** The time proof is still being checked. */
  readonly working: boolean
}

/**
 * One frame at a glance: a petal for each check of the certificate, a ring for the time proof. A petal that is missing its
 * colour has not been checked, a red hollow one refused. Decoration: the list of checks beside it says the same in words.
 */
export function Flower({ checks, working }: FlowerProps) {
  const petals = checks.filter((check) => !isTimeProof(check))
  const ring = checks.find(isTimeProof)
  const count = petals.length || UNKNOWN_PETALS
  const path = petalPath(count)
  const look = (ok: boolean | undefined): string => (ok === undefined ? 'unknown' : ok ? 'good' : 'bad')
  return (
    <svg class="flower" viewBox="-102 -102 204 204" aria-hidden="true">
      <circle r="97" class="flower-ring-track" />
      <circle
        r="97"
        pathLength="100"
        class={`flower-ring flower-${ring ? look(ring.ok) : working ? 'working' : 'unknown'}`}
      />
      {Array.from({ length: count }, (_, index) => (
        <path
          key={index}
          d={path}
          transform={`rotate(${(index * 360) / count})`}
          class={`petal petal-${look(petals[index]?.ok)} petal-at-${index % 12}`}
        />
      ))}
      <circle
        r="9"
        class={`flower-heart flower-${petals.length === 0 ? 'unknown' : look(petals.every((check) => check.ok))}`}
      />
    </svg>
  )
}
