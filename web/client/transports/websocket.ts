import { webSockets } from '@libp2p/websockets'
import { createDialer, type Libp2pDialer } from './libp2p-peer.ts'

export const createWebSocketDialer = (): Promise<Libp2pDialer> => createDialer('websocket', webSockets())
