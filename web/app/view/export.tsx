import { useState } from 'preact/hooks'
import type { PageModel } from '../model/page-model.ts'
import { download } from './download.ts'
import { Icon } from './icon.tsx'

/** Takes the head away: its bytes, a checkpoint to start from elsewhere, or its identity as text. */
export function ExportButtons({ model }: { readonly model: PageModel }) {
  const [said, say] = useState('')
  const head = model.head.value
  if (head === null) return null
  const attempt = (done: string, action: () => Promise<void> | void) => async (): Promise<void> => {
    try {
      await action()
      say(done)
    } catch (error) {
      say(error instanceof Error ? error.message : 'That did not work.')
    }
  }
  return (
    <div class="actions">
      <button
        type="button"
        onClick={attempt('Header saved.', () => download(`petal-frame-${head.frame}.header`, head.value.bytes))}
      >
        <Icon name="save" /> Export head
      </button>
      <button
        type="button"
        class="quiet"
        onClick={attempt('Checkpoint saved.', async () =>
          download(`petal-frame-${head.frame}.checkpoint`, await model.client.export()),
        )}
      >
        <Icon name="save" /> Export checkpoint
      </button>
      <button
        type="button"
        class="quiet"
        onClick={attempt('Identity copied.', () => navigator.clipboard.writeText(head.value.identity))}
      >
        <Icon name="copy" /> Copy identity
      </button>
      <span class="said" role="status">
        {said}
      </span>
    </div>
  )
}
