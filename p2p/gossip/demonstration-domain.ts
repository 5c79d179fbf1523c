import { MAINNET } from '@petal/core/identity/network-number.ts'

/** Application address of the topic on which people try gossip out: a name in ASCII, then zeros. No application has it. */
export const DEMONSTRATION_DOMAIN: Uint8Array = Uint8Array.from(
  'petal gossip demonstration'.padEnd(32, '\0'),
  (character) => character.charCodeAt(0),
)

/** Whether nodes of a network pass the topic on: not on mainnet, whose peers have other things to do. */
export const hasDemonstration = (networkNumber: number): boolean => networkNumber !== MAINNET
