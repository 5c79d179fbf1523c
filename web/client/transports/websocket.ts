import { dialledWebSockets } from '@petal/p2p/websocket.ts'
import { createDialer, type Libp2pDialer } from './libp2p-peer.ts'

export const createWebSocketDialer = (): Promise<Libp2pDialer> => createDialer('websocket', dialledWebSockets())
