/** Identities of nodes and the records they sign. See README.md. */
export { DEFAULT_ALERT_KEY } from './alert-key.ts'
export {
  type CertificateContent,
  type CertificateParts,
  type CertificateRefusal,
  type CertificateVerdict,
  certificateParts,
  ED25519_OID,
  verifyCertificate,
} from './certificate.ts'
export type { Ed448Signer, Ed448Verifier, IdentityVerifier, RegistrySigner } from './engine.ts'
export { IdentityError, type IdentityErrorCode } from './errors.ts'
export {
  type Alert,
  type AlertAction,
  AlertMemory,
  type AlertRefusal,
  decodeAlert,
  readAlert,
  signAlert,
  type UnverifiedAlert,
} from './global-alert.ts'
export {
  type BoundKeys,
  type KeyRegistry,
  type KeyRegistryRefusal,
  type KeyRegistryVerdict,
  keyRegistryIsTimely,
  keyRegistrySurplus,
  proverSignatures,
  type RegistryContent,
  readKeyRegistry,
  SUB_KEY_PURPOSES,
  type SubKey,
  signKeyRegistry,
  verifyKeyRegistry,
} from './key-registry.ts'
export { dhtNamespace, kademliaProtocol, providerCid, providerKey } from './namespace.ts'
export { type NoisePeer, noisePayload, verifyNoisePayload } from './noise-payload.ts'
export { otherPublicKey, otherSign, otherVerify, type SignatureScheme } from './other-signatures.ts'
export {
  ED448_PUBLIC_BYTES,
  ED448_SEED_BYTES,
  ED448_SIGNATURE_BYTES,
  type Identity,
  identityFromConfig,
  identityOfSeed,
  identityToConfig,
  PEER_ID_BYTES,
  peerIdFromText,
  peerIdOf,
  peerIdText,
  publicKeyOfRecord,
  publicKeyRecord,
} from './peer-id.ts'
export {
  CAPABILITIES,
  hasCapability,
  type PeerInfo,
  type PeerInfoContent,
  type PeerInfoRefusal,
  type PeerInfoVerdict,
  peerInfoDigest,
  peerInfoFault,
  peerInfoIsSigned,
  peerInfoIsTimely,
  peerInfoSigningBytes,
  readPeerInfo,
  signPeerInfo,
  verifyPeerInfo,
} from './peer-info.ts'
export {
  checkRelease,
  digestFile,
  type Release,
  type ReleaseRefusal,
  type ReleaseVerdict,
  releaseQuorum,
} from './release-check.ts'
export {
  type Box,
  type DeriveKey,
  fileState,
  formatSealedFile,
  type Kdf,
  openKey,
  parseSealedFile,
  SEAL_NONCE_BYTES,
  type SealedFile,
  type SealedKey,
  sealFile,
  sealKey,
} from './sealed-keys.ts'
export { authenticateSend, verifySend } from './send-authentication.ts'
export { RELEASE_SIGNATORIES } from './signatories.ts'
export type { Refusal } from './verdict.ts'
export { type WorkerDerivation, workerIdentity } from './worker-identity.ts'
