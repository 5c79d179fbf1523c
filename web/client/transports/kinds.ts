/** Which built-in transport reaches an address. */

export type BuiltIn = 'webtransport' | 'webrtc-direct' | 'websocket'

/** In the order in which they are tried: what needs least of the browser first. */
export const BUILT_IN: readonly BuiltIn[] = ['websocket', 'webtransport', 'webrtc-direct']

/** The transport of a multiaddr, or null when none of ours dials it. */
export function kindOf(address: string): BuiltIn | null {
  if (/\/webtransport(\/|$)/.test(address)) return 'webtransport'
  if (/\/webrtc-direct(\/|$)/.test(address)) return 'webrtc-direct'
  return /\/wss?(\/|$)/.test(address) ? 'websocket' : null
}

/** Whether this browser has what the transport needs. WebRTC is looked for where it runs, in the page. */
export function isAvailable(kind: BuiltIn, scope: object): boolean {
  const needs: Record<BuiltIn, string> = {
    websocket: 'WebSocket',
    webtransport: 'WebTransport',
    'webrtc-direct': 'RTCPeerConnection',
  }
  return needs[kind] in scope
}
