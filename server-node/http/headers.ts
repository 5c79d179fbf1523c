/** Response headers that every answer carries. */

const POLICY: Record<string, string> = {
  'default-src': "'self'",
  // WebAssembly is compiled from our own files; no other code is evaluated.
  'script-src': "'self' 'wasm-unsafe-eval'",
  // Peers: WebSocket by ws and wss, WebTransport by https. WebRTC is not governed by this policy.
  'connect-src': "'self' ws: wss: https:",
  'worker-src': "'self'",
  'img-src': "'self' data:",
  'style-src': "'self'",
  'base-uri': "'none'",
  'object-src': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  // Workers have the policy of their own answer, so it is sent with every file.
  'content-security-policy': Object.entries(POLICY)
    .map(([directive, value]) => `${directive} ${value}`)
    .join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** What is public anyway and meant for pages of other origins that embed the client. */
export const SHARED_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
}

const IMMUTABLE = 'public, max-age=31536000, immutable'
const REVALIDATE = 'no-cache'
export const NO_STORE = 'no-store'

export function cacheControl(immutable: boolean): string {
  return immutable ? IMMUTABLE : REVALIDATE
}
