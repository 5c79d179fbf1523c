import type { Tone } from '../model/words.ts'

const PATHS: Readonly<Record<string, string>> = {
  good: 'M5 10.5l3.4 3.4L15.4 6.6',
  bad: 'M6 6l8 8M14 6l-8 8',
  warn: 'M10 5v6.2M10 14.4v.2',
  wait: 'M10 6v4.2l2.8 1.8',
  skipped: 'M5.5 6l4 4-4 4M11 6l4 4-4 4',
  sun: 'M10 6.6a3.4 3.4 0 1 1 0 6.8 3.4 3.4 0 0 1 0-6.8M10 1.8v1.6M10 16.6v1.6M1.8 10h1.6M16.6 10h1.6M4.2 4.2l1.1 1.1M14.7 14.7l1.1 1.1M4.2 15.8l1.1-1.1M14.7 5.3l1.1-1.1',
  moon: 'M16.2 11.6A6.6 6.6 0 0 1 8.4 3.8a6.6 6.6 0 1 0 7.8 7.8z',
  auto: 'M10 3.2a6.8 6.8 0 1 0 0 13.6zM10 3.2a6.8 6.8 0 0 1 0 13.6',
  copy: 'M7.5 7.5v-4h9v9h-4M3.5 7.5h9v9h-9z',
  save: 'M10 3v9M6.2 8.6L10 12.4l3.8-3.8M3.5 16.5h13',
  file: 'M5 2.8h6.5L15.5 7v10.2H5zM11.2 3v4.2h4.1',
}

export type IconName = Tone | 'skipped' | 'sun' | 'moon' | 'auto' | 'copy' | 'save' | 'file'

/** A line drawing beside a word; the word carries the meaning. */
export function Icon({ name, ringed = false }: { readonly name: IconName; readonly ringed?: boolean }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true">
      {ringed && <circle cx="10" cy="10" r="9" class="icon-ring" />}
      <path d={PATHS[name] ?? ''} />
    </svg>
  )
}
