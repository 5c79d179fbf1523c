import type { DecodedField, HyperedgeValue, ShardValue, VertexValue } from '../../client.ts'
import { brief, bytes, count } from '../../model/format.ts'
import type { Asked } from '../../model/state/addresses.ts'
import { Copy } from './copy.tsx'
import { RawBytes } from './hex.tsx'

/** Fields of a vertex by name, type and value; those that changed last are marked. */
export function VertexBody({
  vertex,
  changed,
}: {
  readonly vertex: VertexValue
  readonly changed: ReadonlySet<string>
}) {
  return (
    <>
      {vertex.fields === null ? (
        <p class="empty">Its fields have no names: {vertex.schemaReason ?? 'no schema was given.'}</p>
      ) : (
        <dl class="fields">
          {vertex.fields.map((field, index) => (
            // Two fields without a schema may have one name; their order is that of the tree.
            <FieldLine key={`${index}-${field.name}`} field={field} changed={changed.has(field.name)} />
          ))}
        </dl>
      )}
      {vertex.fields !== null && vertex.schemaReason !== null && <p class="empty">{vertex.schemaReason}</p>}
      <Removed removed={vertex.removed} />
      <RawBytes bytes={vertex.bytes} />
    </>
  )
}

function FieldLine({ field, changed }: { readonly field: DecodedField; readonly changed: boolean }) {
  return (
    <div class={`field${changed ? ' field-changed' : ''}`} data-field={field.name} data-changed={changed}>
      <dt>
        <span class="field-name">{field.name}</span>
        <span class="field-type">{field.type}</span>
      </dt>
      <dd>
        <FieldValue value={field.value} isText={TEXT_TYPES.has(field.type)} />
        {changed && <span class="field-note">changed</span>}
        {!field.fits && (
          <span class="field-note field-misfit">
            {field.type === 'unknown' ? 'not in the schema' : 'does not fit its type'}
          </span>
        )}
      </dd>
    </div>
  )
}

/** Types whose values are text; all others are shown in hex. */
const TEXT_TYPES: ReadonlySet<string> = new Set(['String', 'Turtle'])
/** Longer values are behind a disclosure. */
const MOST_CHARACTERS = 400

function FieldValue({ value, isText }: { readonly value: DecodedField['value']; readonly isText: boolean }) {
  if (typeof value === 'bigint') return <span class="field-number">{count(value)}</span>
  if (typeof value === 'boolean') return <span>{value ? 'yes' : 'no'}</span>
  if (value === '') return <span class="muted">empty</span>
  const shown = <span class={isText ? 'field-text' : 'field-hex mono'}>{value}</span>
  if (value.length <= MOST_CHARACTERS) return shown
  return (
    <details class="raw">
      <summary>{isText ? `${count(value.length)} characters` : bytes(value.length / 2)}</summary>
      {shown}
    </details>
  )
}

function Removed({ removed }: { readonly removed: VertexValue['removed'] }) {
  return (
    <p class="empty" data-removed={removed}>
      {removed === 'no'
        ? 'Not removed: the tree of removals of its application is proved to be empty.'
        : 'Whether it was removed cannot be proved: the application has removals, and absence has no proof.'}
    </p>
  )
}

/** Members that are listed at once. */
const MOST_MEMBERS = 50

export function HyperedgeBody({ edge, ask }: { readonly edge: HyperedgeValue; readonly ask: (asked: Asked) => void }) {
  return (
    <>
      {edge.members === null ? (
        <p class="empty">These bytes are no hyperedge with members.</p>
      ) : (
        <>
          <h3>{edge.members.length === 1 ? 'One member' : `${edge.members.length} members`}</h3>
          <ul class="members">
            {edge.members.slice(0, MOST_MEMBERS).map((member) => (
              <li key={`${member.domain}${member.address}`} class="member">
                <Copy
                  text={`${member.domain}/${member.address}`}
                  about="address of the member"
                  label={atomWords(member)}
                />
                <button type="button" class="small" onClick={() => ask({ kind: 'vertex', ...member })}>
                  Look up<span class="visually-hidden"> {member.address}</span>
                </button>
              </li>
            ))}
          </ul>
          {edge.members.length > MOST_MEMBERS && <p class="empty">The first {MOST_MEMBERS} are listed.</p>}
        </>
      )}
      <Removed removed={edge.removed} />
      <RawBytes bytes={edge.bytes} />
    </>
  )
}

const atomWords = ({ domain, address }: { readonly domain: string; readonly address: string }): string =>
  `${brief(domain)} / ${brief(address)}`

/** Roots in phase order (spec 21 section 5). */
const SETS = ['Vertices added', 'Vertices removed', 'Hyperedges added', 'Hyperedges removed'] as const

export function ShardBody({ shard }: { readonly shard: ShardValue }) {
  return (
    <dl class="fields">
      {SETS.map((name, index) => {
        const root = shard.roots[index] ?? ''
        return (
          <div key={name} class="field">
            <dt>
              <span class="field-name">{name}</span>
              <span class="field-type">{bytes(root.length / 2)}</span>
            </dt>
            <dd>
              {/^0*$/.test(root) ? <span class="muted">empty</span> : <Copy text={root} about={`root: ${name}`} />}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}
