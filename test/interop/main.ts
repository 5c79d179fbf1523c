/** `npm run interop`: Petal against peers that are not ours. What cannot run here is counted, with the reason. */
import { goGroups } from './go-groups.ts'
import { buildGoPeers, type GoPeers, go } from './peers/go-peer.ts'
import { Runner } from './runner.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
const runner = new Runner(print)

/** undefined without Go; a program that does not build is a failure. */
async function goPeers(): Promise<GoPeers | undefined> {
  try {
    await go('version')
  } catch {
    return undefined
  }
  return buildGoPeers()
}

const peers = await goPeers()
print(peers === undefined ? 'no Go here: its peer is not tried' : `Go peer: ${peers.versions}`)
try {
  if (peers !== undefined) for (const group of goGroups(peers)) await runner.run(group)
} finally {
  await peers?.dispose()
}
print(runner.summary())
process.exit(runner.failed > 0 ? 1 : 0)
