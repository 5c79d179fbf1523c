import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { PageModel } from '../../model/page-model.ts'

type Loaded = ComponentType<{ readonly model: PageModel }>

/** Loads the explorer when the section is first opened: the first paint does not need it. */
export function LazyExplorer({ model }: { readonly model: PageModel }) {
  const [loaded, setLoaded] = useState<{ readonly Explorer: Loaded } | null>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    let gone = false
    import('./explorer.tsx').then(
      (module) => {
        if (!gone) setLoaded(module)
      },
      () => {
        if (!gone) setFailed(true)
      },
    )
    return () => {
      gone = true
    }
  }, [])
  if (loaded !== null) return <loaded.Explorer model={model} />
  if (!failed) return <p class="empty">Opening the explorer.</p>
  return (
    <div class="notice tone-warn" role="alert">
      <p>This part of the page could not be loaded. The connection may be gone.</p>
      <button type="button" onClick={() => location.reload()}>
        Reload the page
      </button>
    </div>
  )
}
