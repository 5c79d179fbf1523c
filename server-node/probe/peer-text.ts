/** Text that a peer chose, before it reaches a terminal or a log. */

/** Characters of a text, and entries of a list, that are kept. */
export const PEER_TEXT_LIMITS = { characters: 120, protocols: 64 } as const

/** Cut, and with anything that a terminal might act on, or that hides in a line, replaced. */
export function peerText(text: string, most: number = PEER_TEXT_LIMITS.characters): string {
  const cut = [...text.slice(0, 2 * most)].slice(0, most).join('')
  const shown = cut.replace(/[\p{C}\p{Z}]/gu, (character) => (character === ' ' ? ' ' : '\ufffd'))
  return cut.length < text.length ? `${shown}…` : shown
}
