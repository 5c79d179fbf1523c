import type { ComponentChildren } from 'preact'

export interface PanelProps {
  readonly id: string
  readonly title: string
  readonly lead?: ComponentChildren
  readonly children: ComponentChildren
}

/** A titled region of the page. */
export function Panel({ id, title, lead, children }: PanelProps) {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {lead !== undefined && <p class="lead">{lead}</p>}
      </header>
      {children}
    </section>
  )
}
