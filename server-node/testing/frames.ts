/** Made-up frames to serve in tests: headers of 20 kB that name their number. */
import { type FrameSource, HeadListeners } from '../chain/source.ts'

export class Frames implements FrameSource {
  readonly network = 'test'
  readonly profile = '2.1.0.24'
  readonly frameIntervalMillis = 1000
  readonly oldest = 10n
  last = 60n
  readonly #listeners = new HeadListeners()

  static number(header: Uint8Array): bigint {
    return new DataView(header.buffer, header.byteOffset).getBigUint64(8)
  }

  grows(): boolean {
    return true
  }

  head() {
    return { number: this.last, identity: new Uint8Array(32), header: this.bytes(this.last) }
  }

  async header(number: bigint): Promise<Uint8Array | undefined> {
    return number >= this.oldest && number <= this.last ? this.bytes(number) : undefined
  }

  anchors(): never {
    throw new Error('not asked for here')
  }

  onHead(listener: Parameters<FrameSource['onHead']>[0]): () => void {
    return this.#listeners.add(listener)
  }

  /** First byte and bytes 8 to 16 are the number. */
  bytes(number: bigint): Uint8Array {
    const header = new Uint8Array(20_000).fill(Number(number & 0xffn), 0, 1)
    new DataView(header.buffer).setBigUint64(8, number)
    return header
  }

  grow(): void {
    this.last++
    this.#listeners.announce(this.head())
  }
}
