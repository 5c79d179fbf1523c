/** Canonical codec of core on a GlobalFrame of one megabyte; the engine has no part in it. */
import { consensus, type MessageValue } from '../../../core/codec/index.ts'
import type { Kit } from '../kit.ts'
import { demand, type Step } from '../step.ts'

type GlobalFrame = MessageValue<typeof consensus.GlobalFrame>

const MEGABYTE = 1_000_000
const BUNDLES = 100

/** A header as certified frames have it, and bundles of small and large requests. */
function frame(kit: Kit): GlobalFrame {
  const [short, long] = [kit.bytes(2, 32), kit.bytes(3, 64)]
  const signature = { signature: kit.bytes(4, 74), address: short }
  const pause = { pause: { filter: short, frame_number: 7n, public_key_signature_bls48581: signature } }
  const vertex = {
    vertex_add: { domain: short, data_address: short, data: kit.bytes(5, 600), signature: kit.bytes(6, 114) },
  }
  const requests = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? pause : vertex))
  return {
    header: {
      frame_number: 244_250n,
      rank: 244_250n,
      timestamp: 1_762_862_400_000n,
      difficulty: 80_000,
      output: kit.bytes(7, 516),
      parent_selector: short,
      global_commitments: Array.from({ length: 256 }, () => long),
      prover_tree_commitment: long,
      requests_root: long,
      prover: short,
      public_key_signature_bls48581: {
        signature: kit.bytes(8, 74),
        public_key: { key_value: kit.bytes(9, 585) },
        bitmask: short,
      },
    },
    requests: Array.from({ length: BUNDLES }, () => ({ requests, timestamp: 1_762_862_400_000n })),
  }
}

/** One operation is one frame: 1 MB in 4 ms is 250 MB/s. */
const step = (name: string, title: string, run: (bytes: Uint8Array, value: GlobalFrame) => void): Step => ({
  name,
  title,
  reference: { native: null, wasm: null },
  repetitions: { native: 30, wasm: 30 },
  prepare(_engine, kit) {
    const bytes = consensus.GlobalFrame.encode(frame(kit))
    const value = consensus.GlobalFrame.decode(bytes)
    const again = consensus.GlobalFrame.encode(value)
    demand(bytes.length > 0.9 * MEGABYTE && bytes.length < 1.1 * MEGABYTE, `a frame of ${bytes.length} bytes`)
    demand(again.length === bytes.length && again.every((byte, at) => byte === bytes[at]), 'another encoding')
    return { operations: 5, run: () => repeat(5, () => run(bytes, value)) }
  },
})

function repeat(times: number, work: () => void): void {
  for (let index = 0; index < times; index++) work()
}

export const codecSteps: readonly Step[] = [
  step('codec-decode', 'Decode a GlobalFrame of 1 MB', (bytes) => void consensus.GlobalFrame.decode(bytes)),
  step('codec-encode', 'Encode a GlobalFrame of 1 MB', (_bytes, value) => void consensus.GlobalFrame.encode(value)),
]
