import { webTransport } from '@libp2p/webtransport'
import { createDialer, type Libp2pDialer } from './libp2p-peer.ts'

export const createWebTransportDialer = (): Promise<Libp2pDialer> => createDialer('webtransport', webTransport())
