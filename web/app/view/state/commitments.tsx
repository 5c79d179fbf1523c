import { useRef, useState } from 'preact/hooks'
import { brief, count } from '../../model/format.ts'
import { type Cell, COLUMNS, type CommitmentMap, cellAfterKey, cellWords } from '../../model/state/commitments.ts'
import type { ExplorerModel } from '../../model/state/explorer.ts'
import { Panel } from '../panel.tsx'
import { Copy } from './copy.tsx'

/** The 256 global commitments of the newest head as a grid of 16 by 16. */
export function CommitmentsPanel({ model }: { readonly model: ExplorerModel }) {
  const map = model.commitments.value
  return (
    <Panel
      id="commitments"
      title="Global commitments"
      lead="256 trees hold the roots of all applications, each root in up to three of them. A header names the root of every tree."
    >
      <div
        data-testid="commitments"
        data-used={map?.used ?? ''}
        data-changed={map?.changed ?? ''}
        data-frame={map === null ? '' : String(map.frame)}
        data-verified={map === null ? '' : String(map.verified)}
      >
        {map === null ? (
          <p class="empty">The map is drawn from the first verified frame.</p>
        ) : map.cells.length === 0 ? (
          <p class="empty">
            The header of frame {count(map.frame)} carries no commitments, so it proves nothing of state.
          </p>
        ) : (
          <CommitmentGrid map={map} />
        )}
      </div>
    </Panel>
  )
}

function CommitmentGrid({ map }: { readonly map: CommitmentMap }) {
  const [chosen, setChosen] = useState(() =>
    Math.max(
      0,
      map.cells.findIndex(({ used }) => used),
    ),
  )
  const cell = map.cells[chosen]
  return (
    <>
      <p class="map-words">
        <strong>
          {map.used} of {map.cells.length} trees are used
        </strong>
        {map.before === null
          ? '; there is no earlier frame here to compare with.'
          : `; ${map.changed} changed between frames ${count(map.before)} and ${count(map.frame)}.`}
      </p>
      {map.verified !== 'full' && (
        <p class="map-waits">
          The time proof of frame {count(map.frame)} is still to come: only it covers these values.
        </p>
      )}
      <div class="map">
        <Grid map={map} chosen={chosen} choose={setChosen} />
        <div class="map-side">
          <ul class="map-legend" aria-label="Legend">
            <li>
              <span class="cell" aria-hidden="true" /> Empty
            </li>
            <li>
              <span class="cell cell-used" aria-hidden="true" /> Used
            </li>
            <li>
              <span class="cell cell-used cell-changed" aria-hidden="true" /> Changed in this frame
            </li>
          </ul>
          {cell !== undefined && <Chosen cell={cell} />}
        </div>
      </div>
      <List map={map} />
    </>
  )
}

interface GridProps {
  readonly map: CommitmentMap
  readonly chosen: number
  readonly choose: (index: number) => void
}

/** One stop of the Tab key; arrow keys walk the cells. */
function Grid({ map, chosen, choose }: GridProps) {
  const place = useRef<HTMLTableElement>(null)
  const rows = Array.from({ length: Math.ceil(map.cells.length / COLUMNS) }, (_, row) => row)
  const move = (event: KeyboardEvent): void => {
    const next = cellAfterKey(chosen, event.key, map.cells.length)
    if (next === undefined) return
    event.preventDefault()
    choose(next)
    place.current?.querySelector<HTMLElement>(`[data-cell="${next}"]`)?.focus()
  }
  return (
    <table class="grid" aria-label={`Global commitments of frame ${map.frame}`} ref={place} onKeyDown={move}>
      <tbody>
        {rows.map((row) => (
          <tr key={row}>
            {map.cells.slice(row * COLUMNS, (row + 1) * COLUMNS).map((cell) => (
              <td key={cell.index}>
                <button
                  type="button"
                  class={`cell${cell.used ? ' cell-used' : ''}${cell.changed ? ' cell-changed' : ''}`}
                  tabIndex={cell.index === chosen ? 0 : -1}
                  aria-pressed={cell.index === chosen}
                  aria-label={`Tree ${cell.index}, ${cellWords(cell)}`}
                  title={`Tree ${cell.index}: ${cell.used ? brief(cell.value) : 'empty'}`}
                  data-cell={cell.index}
                  onClick={() => choose(cell.index)}
                />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Chosen({ cell }: { readonly cell: Cell }) {
  return (
    <div class="chosen" data-testid="commitment" data-index={cell.index}>
      <p>
        <strong>Tree {cell.index}</strong> <span class="muted">{cellWords(cell)}</span>
      </p>
      {cell.used && <Copy text={cell.value} about={`commitment of tree ${cell.index}`} />}
    </div>
  )
}

/** The same as a table, of the trees that are used or were emptied. */
function List({ map }: { readonly map: CommitmentMap }) {
  const [open, setOpen] = useState(false)
  const cells = map.cells.filter(({ used, changed }) => used || changed)
  return (
    <details class="raw" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The same as a table</summary>
      {open && (
        <table class="map-table">
          <thead>
            <tr>
              <th scope="col">Tree</th>
              <th scope="col">State</th>
              <th scope="col">Commitment</th>
            </tr>
          </thead>
          <tbody>
            {cells.map((cell) => (
              <tr key={cell.index}>
                <th scope="row">{cell.index}</th>
                <td>{cellWords(cell)}</td>
                <td class="mono">{cell.used ? brief(cell.value) : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="empty">{map.cells.length - cells.length} trees are empty.</p>
    </details>
  )
}
