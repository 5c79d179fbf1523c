import { groups, hexOf, bytes as size } from '../../model/format.ts'
import { Copy } from './copy.tsx'

/** Bytes that are drawn; the copy has all of them. */
const MOST_SHOWN = 2048

/** Stored bytes, behind a disclosure. */
export function RawBytes({ bytes }: { readonly bytes: Uint8Array }) {
  const cut = bytes.length > MOST_SHOWN
  return (
    <details class="raw">
      <summary>Raw bytes, {size(bytes.length)}</summary>
      <p class="raw-hex mono">{groups(hexOf(bytes.subarray(0, MOST_SHOWN))).join(' ')}</p>
      {cut && <p class="empty">The first {size(MOST_SHOWN)} are shown; the copy has all of them.</p>}
      <Copy text={hexOf(bytes)} about="the raw bytes" label="Copy all" />
    </details>
  )
}
