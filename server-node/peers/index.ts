/** What peers sign about themselves: made, judged, kept. See README.md. */
export { AlertDesk, type AlertOptions } from './alerts.ts'
export { type Announcer, type AnnouncerOptions, startAnnouncing } from './announcer.ts'
export { judgePeerInfo, PEER_INFO_BYTES, type PeerInfoJudgement } from './judge-peer-info.ts'
export { KeyRegistryBook, type RegistryVerdict } from './key-registry-book.ts'
export {
  type Addresses,
  makePeerInfo,
  masterAddresses,
  ownCapabilities,
  PUBLISH_MILLIS,
  type WorkerRecord,
} from './own-peer-info.ts'
export { PeerBook, type PeerBookOptions, streamAddresses } from './peer-book.ts'
export { judgePeerTopic, type TopicVerdict } from './peer-topic.ts'
