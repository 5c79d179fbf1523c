import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { type CommitteeHandle, CryptoError } from '../platform/crypto.ts'
import type { EngineCommittee } from '../platform/engine.ts'

/** Opened committees by handle; equal ones share a handle, and the last close counts. */
export class Committees {
  readonly #open = new Map<CommitteeHandle, { readonly committee: EngineCommittee; uses: number }>()

  handleOf(committee: EngineCommittee): CommitteeHandle {
    const { members, threshold } = committee
    const text = JSON.stringify([threshold, ...members.map((member) => [member.publicKey, member.weight])])
    return bytesToHex(sha256(utf8ToBytes(text))) as CommitteeHandle
  }

  opened(committee: EngineCommittee): CommitteeHandle {
    const handle = this.handleOf(committee)
    const open = this.#open.get(handle) ?? { committee, uses: 0 }
    open.uses++
    this.#open.set(handle, open)
    return handle
  }

  /** True when nobody uses it any more. */
  closed(handle: CommitteeHandle): boolean {
    const open = this.#open.get(handle)
    if (open === undefined || --open.uses > 0) return false
    this.#open.delete(handle)
    return true
  }

  /** Throws `CryptoError` `arguments` when it is not open. */
  get(handle: CommitteeHandle): EngineCommittee {
    const open = this.#open.get(handle)
    if (open === undefined) throw new CryptoError('arguments', 'the committee was closed')
    return open.committee
  }
}
