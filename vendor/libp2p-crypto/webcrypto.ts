export { default } from 'libp2p-crypto-stock/webcrypto'
