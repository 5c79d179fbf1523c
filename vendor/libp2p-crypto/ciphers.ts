export * from 'libp2p-crypto-stock/ciphers'
