/** Bounds of state synchronisation (spec 22 sections 3, 7; spec 20 section 8.5). */
export const SYNC_LIMITS = {
  /** Longest query: shard key, path and root with room. */
  queryBytes: 1024,
  /** Longest response read. */
  responseBytes: 64 << 20,
  /** Most bytes of leaves written in one page; one leaf may be longer. */
  pageBytes: 8 << 20,
  /** Leaves of a page, also when a query asks for none or more. */
  pageLeaves: 1000,
  /** Elements of a path: keys have 64 bytes. */
  path: 86,
  children: 64,
  keyBytes: 64,
  valueBytes: 16 << 20,
  sizeBytes: 33,
  rootBytes: [64, 74] as readonly number[],
  errorCharacters: 200,
} as const
