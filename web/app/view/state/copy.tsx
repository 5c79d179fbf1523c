import { useEffect, useState } from 'preact/hooks'
import { brief } from '../../model/format.ts'
import { Icon } from '../icon.tsx'

export interface CopyProps {
  /** What is copied. */
  readonly text: string
  /** What it is, for the name of the button. */
  readonly about: string
  /** Shown instead of the shortened text. */
  readonly label?: string
}

const SAID_MILLIS = 2000

/** A long hex string, shortened; pressing it copies all of it. */
export function Copy({ text, about, label }: CopyProps) {
  const [said, say] = useState('')
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => say(''), SAID_MILLIS)
    return () => clearTimeout(timer)
  }, [said])
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      say('Copied')
    } catch {
      say('Not allowed here')
    }
  }
  return (
    <span class="copy">
      <button type="button" class="quiet copy-button" title={text} onClick={copy}>
        <span class="visually-hidden">Copy {about} </span>
        <span class={label === undefined ? 'mono' : ''}>{label ?? brief(text)}</span>
        <Icon name="copy" />
      </button>
      <span class="said" role="status">
        {said}
      </span>
    </span>
  )
}
