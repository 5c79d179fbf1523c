/** Which part of the page the address asks for. */
export type Section = 'frames' | 'state'

export const SECTIONS: readonly { readonly section: Section; readonly hash: string; readonly title: string }[] = [
  { section: 'frames', hash: '#frames', title: 'Frames' },
  { section: 'state', hash: '#state', title: 'State' },
]

/** The section of a fragment. Other fragments (the skip link's) leave `before` as it is. */
export function sectionOf(hash: string, before: Section): Section {
  if (hash === '' || hash === '#') return 'frames'
  return SECTIONS.find((known) => known.hash === hash)?.section ?? before
}
