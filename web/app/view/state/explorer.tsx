import { useEffect, useState } from 'preact/hooks'
import { count } from '../../model/format.ts'
import type { PageModel } from '../../model/page-model.ts'
import { createExplorer } from '../../model/state/explorer.ts'
import { phaseWords } from '../../model/words.ts'
import { Icon } from '../icon.tsx'
import { CommitmentsPanel } from './commitments.tsx'
import { LookupPanel } from './lookup.tsx'
import { RegistryPanel } from './registry.tsx'
import '../../style/state.css'

/** The State section: values with their proofs, the registry, and the map of commitments. */
export function Explorer({ model: page }: { readonly model: PageModel }) {
  const [model] = useState(() => createExplorer(page))
  useEffect(() => model.close, [model])
  return (
    <>
      <HeadLine model={page} />
      <LookupPanel model={model} />
      <CommitmentsPanel model={model} />
      <RegistryPanel model={model} />
    </>
  )
}

/** The header that everything here leads to. */
function HeadLine({ model }: { readonly model: PageModel }) {
  const head = model.head.value
  const words = phaseWords(model.state.value, head !== null)
  return (
    <div class="head-line">
      <h1>State</h1>
      <p class={`head-line-words tone-${words.tone}`}>
        <Icon name={words.tone} ringed />
        <span>
          {head === null ? (
            'No frame has been verified yet; every proof here leads to one.'
          ) : (
            <>
              Every proof here leads to a header that this tab verified. The newest is{' '}
              <strong class="field-number">frame {count(head.frame)}</strong>.
            </>
          )}
        </span>
      </p>
    </div>
  )
}
