import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { PageModel } from '../../model/page-model.ts'

type Loaded = ComponentType<{ readonly page: PageModel }>

/** Loads the panel after the rest of the page: the first paint does not need it. */
export function LazyPeerPanel({ model }: { readonly model: PageModel }) {
  const [loaded, setLoaded] = useState<{ readonly PeerPanel: Loaded } | null>(null)
  useEffect(() => {
    let gone = false
    import('./peer-panel.tsx').then(
      (module) => {
        if (!gone) setLoaded(module)
      },
      // Without it the page is whole; the next load tries again.
      () => {},
    )
    return () => {
      gone = true
    }
  }, [])
  return loaded === null ? null : <loaded.PeerPanel page={model} />
}
