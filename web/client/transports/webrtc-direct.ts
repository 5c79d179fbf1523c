import { webRTCDirect } from '@libp2p/webrtc'
import { createDialer, type Libp2pDialer } from './libp2p-peer.ts'

/** Runs in the page: workers have no WebRTC. */
export const createWebRtcDirectDialer = (): Promise<Libp2pDialer> => createDialer('webrtc-direct', webRTCDirect())
