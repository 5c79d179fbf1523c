/** Arguments of `followRegistry`, checked in the page. */
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'
import { ArgumentsError } from './errors.ts'
import type { FollowRegistryOptions, FollowWish } from './follow-types.ts'
import { frameOf } from './state-arguments.ts'

/** Throws `ArgumentsError`. */
export function followWish({ frame, from }: FollowRegistryOptions): FollowWish {
  if (from !== undefined && !(from instanceof Uint8Array && from.length > 0 && from.length <= WIRE_LIMITS.headerBytes))
    throw new ArgumentsError(
      `followRegistry: from is a Uint8Array with 1 to ${WIRE_LIMITS.headerBytes} bytes of a header`,
    )
  return { frame: frameOf(frame, 'followRegistry'), from: from?.slice() ?? null }
}
