/** Reads alerts by what js-libp2p verifies host keys with, which the tab has loaded anyway: the engine's verifier module has no Ed448. */
import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { decodeAlert } from '@petal/core/identity/global-alert.ts'
import { publicKeyRecord } from '@petal/core/identity/peer-id.ts'
import type { AlertReader } from '@petal/core/light/alert-types.ts'

export const alertReader: AlertReader = {
  decode: decodeAlert,
  verify: (alertKey, { signed, signature }) => {
    try {
      return publicKeyFromProtobuf(publicKeyRecord(alertKey)).verify(signed, signature)
    } catch {
      return false
    }
  },
}
