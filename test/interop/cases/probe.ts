/** `petal-node probe` asks hosts that are not ours (docs/protocol/50-p2p.md sections 1 to 3, 5; P2P-01, P2P-03, P2P-07). */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { dhtNamespace, providerCid } from '@petal/core/identity/namespace.ts'
import { CID } from 'multiformats/cid'
import type { TransportName } from '../../../server-node/net/transports.ts'
import type { PeerReport, ProbeReport } from '../../../server-node/probe/report.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import type { GossipSide } from './gossip.ts'
import { knows } from './kad.ts'
import { addressOf, dialNow } from './links.ts'
import { strangerId } from './stranger.ts'

const PETAL_NODE = fileURLToPath(new URL('../../../server-node/bin/petal-node.ts', import.meta.url))

/** `go` and `other` know keys of type 4, `stock` does not. */
export function probeCases(
  [go, other, stock]: readonly [GossipSide, GossipSide, GossipSide],
  network: number,
  transport: TransportName,
): readonly Case[] {
  const address = addressOf(go.peer, transport)
  return [
    {
      name: 'the probe says who Go is, what it speaks, and who provides the namespace of the network there',
      run: async () => {
        await dialNow(other.peer, go.peer, transport)
        await knows(other.peer, go.peer)
        await other.peer.provide(CID.decode(providerCid(dhtNamespace(network))).toString())
        const report = await until('the provider is named', async () => {
          const found = await probed(address, network)
          return found.learned !== null && found.learned.providers > 0 && found
        })
        assert.equal(report.failure, null)
        assert.deepEqual([report.peerId, report.pinned, report.keyType], [go.peer.peerId, true, go.key])
        assert.match(report.agent ?? '', go.agent)
        assert.equal(report.protocolVersion, go.protocolVersion)
        assert.deepEqual([report.gossip, report.kademlia], [true, true])
        assert.ok(report.learned?.first.some(({ peerId, provider }) => provider && peerId === other.peer.peerId))
      },
    },
    {
      name: 'the probe refuses Go where somebody else is wanted, and says whom it reached',
      run: async () => {
        const { failure, peerId } = await probed(address.replace(go.peer.peerId, await strangerId(go.key)), network)
        assert.deepEqual([failure?.stage, failure?.code, peerId], ['secure', 'wrongPeer', go.peer.peerId])
      },
    },
    {
      name: 'the probe says that stock Go ends the connection once it has seen an Ed448 key',
      run: async () => {
        const { failure } = await probed(addressOf(stock.peer, transport), network)
        assert.equal(failure?.code, 'closed', failure?.message)
      },
    },
  ]
}

/** As a program; its exit code says the same as its report. */
async function probed(address: string, network: number): Promise<PeerReport> {
  const args = [PETAL_NODE, 'probe', '--json', '--network', String(network), address]
  const { code, stdout } = await promisify(execFile)(process.execPath, args).then(
    (done) => ({ code: 0, ...done }),
    (failed: { code: number; stdout: string }) => failed,
  )
  const report: ProbeReport = JSON.parse(stdout)
  assert.equal(code, report.answered > 0 ? 0 : 1)
  const [peer] = report.peers
  assert.ok(peer)
  return peer
}
