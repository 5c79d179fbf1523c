/** Opens or makes the local network of a data directory, and runs its producer. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { StateExample } from '@petal/core/light/anchors.ts'
import type { Crypto } from '@petal/core/platform/crypto.ts'
import { calibrate } from './chain/calibrate.ts'
import { type Member, openMembers } from './chain/committee.ts'
import { FrameMaker } from './chain/frame-maker.ts'
import { createGenesis, type Genesis, readGenesis, rulesOf } from './chain/genesis.ts'
import { type Ledger, StateLedger } from './chain/ledger.ts'
import { LocalChain } from './chain/local-chain.ts'
import { produce } from './chain/producer.ts'
import type { Secrets } from './data/secrets.ts'
import { messageOf, NodeError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'
import { NodeStateAnswers } from './state/answers.ts'
import { NodeState } from './state/node-state.ts'

/** A locked data directory. */
export interface NodeData {
  readonly directory: string
  readonly secrets: Secrets
}

export interface LocalNetwork {
  readonly chain: LocalChain
  /** Makes frames until the signal fires or a failure is final. */
  run(signal: AbortSignal): Promise<void>
}

/** Throws `NodeError` `corrupt`, `CryptoError`. */
export async function openLocalNetwork(
  options: ResolvedOptions,
  crypto: Crypto,
  { directory, secrets }: NodeData,
): Promise<LocalNetwork> {
  const { frameIntervalMillis, onEvent } = options
  const members = await openMembers(crypto, secrets)
  const known = await readGenesis(directory, crypto, members)
  if (known === undefined) {
    const how = secrets.encrypted
      ? 'its keys are encrypted under PETAL_PASSPHRASE'
      : 'its keys are readable by you alone, not encrypted: set PETAL_PASSPHRASE to encrypt them'
    onEvent({ event: 'notice', message: `first run: making a local network in ${directory}; ${how}` })
  }
  const state = await openState(directory, options.addonPath)
  const ledger = new StateLedger(state)
  let chain: LocalChain
  let genesis: Genesis
  try {
    genesis = known ?? (await makeGenesis(options, directory, crypto, members, ledger))
    const values = new NodeStateAnswers(state)
    const examples = [...(await state.examples()), ...members.map(proverExample)]
    chain = await LocalChain.open({ ledger, genesis, values, examples, crypto, frameIntervalMillis })
  } catch (error) {
    await ledger.close()
    throw error
  }
  const committee = await crypto.openCommittee(chain.committee)
  const maker = new FrameMaker(crypto, members, committee, rulesOf(genesis))
  return {
    chain,
    run: (signal) =>
      produce(
        {
          chain,
          maker,
          difficulty: genesis.difficulty,
          frameIntervalMillis,
          onFrame: ({ facts, signers, solveMillis }) =>
            onEvent({
              event: 'frame',
              number: facts.number.toString(),
              identity: Buffer.from(facts.identity).toString('hex'),
              signers,
              solveMillis: Math.round(solveMillis),
            }),
          onFailure: (error, final) => onEvent({ event: 'failure', message: messageOf(error), final }),
        },
        signal,
      ),
  }
}

const proverExample = ({ address }: Member, index: number): StateExample => ({
  title: `member ${index + 1} of the committee`,
  kind: 'prover',
  address: Buffer.from(address).toString('hex'),
})

async function makeGenesis(
  options: ResolvedOptions,
  directory: string,
  crypto: Crypto,
  members: readonly Member[],
  ledger: Ledger,
): Promise<Genesis> {
  const { frameIntervalMillis, onEvent } = options
  const { difficulty, squaringMicros } = await calibrate(crypto, frameIntervalMillis)
  const message = `difficulty ${difficulty}: ${squaringMicros.toFixed(1)} µs a squaring on one core here`
  onEvent({ event: 'notice', message })
  if ((await ledger.head()) !== null) {
    throw new NodeError('corrupt', `${directory} holds frames but no genesis.json: choose another --data-dir`)
  }
  const roots = await ledger.commitGenesis(members.map(({ publicKey }) => publicKey))
  return createGenesis(directory, crypto, members, roots, difficulty, Date.now())
}

/** Opens the store of frames and state. Data of the versions before it cannot be continued: their headers commit to no state. */
async function openState(directory: string, addonPath: string | undefined): Promise<NodeState> {
  const old = join(directory, 'frames.log')
  if (existsSync(old)) {
    throw new NodeError(
      'corrupt',
      `${old} was written by an earlier version: choose another --data-dir or remove ${directory}`,
    )
  }
  return NodeState.open(join(directory, 'state'), addonPath)
}
