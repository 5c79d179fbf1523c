export * from 'libp2p-crypto-stock'
export * as keys from './keys.ts'
