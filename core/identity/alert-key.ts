import { hexToBytes } from '@noble/hashes/utils.js'

/** The alert key that nodes of the live network have by default (spec 53 section 8). */
export const DEFAULT_ALERT_KEY: Uint8Array = hexToBytes(
  '3ade80f96515e34caaf0c346b842d1f82d2841840f27e12826f4c14326a6bd15d13796c0421f8c440809fceb66c0a5c3c88f93deae16ee3100',
)
