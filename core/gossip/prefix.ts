/** Neighbourhood of an IP address: its /24 (IPv4) or /48 (IPv6). */

/** Name of the neighbourhood, or null when the text is no IP address. */
export function prefixOf(address: string): string | null {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  const v4 = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/.exec(mapped?.[1] ?? address)
  if (v4) return `${v4[1]}.0/24`
  const [head = '', tail, more] = (address.split('%')[0] ?? '').toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const known = [...groups, ...rest]
  if (more !== undefined || known.length > 8 || (tail === undefined && known.length !== 8)) return null
  if (!known.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return null
  const all = [...groups, ...Array.from({ length: 8 - known.length }, () => '0'), ...rest]
  return `${all
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/48`
}
