import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

/**
 * What the page may do. A server may send the same as a header; the tag makes it hold on any static host.
 * `connect-src` is open because nodes are dialled by address: nothing that they answer is trusted.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss: https:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Only in a build: the development server injects inline styles of its own. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'petal-content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  }
}

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: fromHere('.'),
  publicDir: fromHere('../../public'),
  base: './',
  plugins: [contentSecurityPolicy()],
  build: {
    outDir: fromHere('../../dist/web'),
    emptyOutDir: true,
    manifest: true,
    target: 'esnext',
    // A font or module inlined as a data: address would need a laxer policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rollupOptions: { input: fromHere('index.html') },
  },
  worker: { format: 'es' },
  server: { fs: { allow: [fromHere('../..')] } },
})
