import type { Writable } from 'node:stream'

/** Colours only on a terminal whose person wants them (https://no-color.org). */
export function wantsColour(stream: Writable & { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}
