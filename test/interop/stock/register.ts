/** Makes a process stock: whatever asks for `@libp2p/crypto` gets the published package, not the one that was taught Ed448. */
import { registerHooks } from 'node:module'

const TAUGHT = '@libp2p/crypto'
const STOCK = 'libp2p-crypto-stock'

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === TAUGHT || specifier.startsWith(`${TAUGHT}/`)
      ? next(specifier.replace(TAUGHT, STOCK), { ...context, parentURL: import.meta.url })
      : next(specifier, context),
})
