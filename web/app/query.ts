/** Diagnostics that the address of the page can ask for: `?transport=websocket` restricts how nodes are reached. */
const TRANSPORTS = ['webtransport', 'webrtc-direct', 'websocket'] as const

export type TransportName = (typeof TRANSPORTS)[number]

/** Transports named in the query (comma-separated, unknown names ignored); undefined = all. */
export function transportsOf(query: string): readonly TransportName[] | undefined {
  const named = new URLSearchParams(query).get('transport')?.split(',') ?? []
  const known = TRANSPORTS.filter((name) => named.includes(name))
  return known.length === 0 ? undefined : known
}
