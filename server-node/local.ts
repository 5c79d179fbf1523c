/** Opens or makes the local network of a data directory, and runs its producer. */
import type { StateExample } from '@petal/core/light/anchors.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import { calibrate } from './chain/calibrate.ts'
import { type Member, openMembers } from './chain/committee.ts'
import { FrameMaker } from './chain/frame-maker.ts'
import { createGenesis, type Genesis, readGenesis, rulesOf } from './chain/genesis.ts'
import { commitsTo, type Ledger, StateLedger } from './chain/ledger.ts'
import { LocalChain } from './chain/local-chain.ts'
import { produce } from './chain/producer.ts'
import type { Secrets } from './data/secrets.ts'
import { messageOf, NodeError } from './errors.ts'
import { HeaderVerifier } from './follow/verifier.ts'
import type { KeyRing } from './keys/key-ring.ts'
import type { ResolvedOptions } from './options.ts'
import { NodeStateAnswers } from './state/answers.ts'
import { DiskWatch } from './state/disk-watch.ts'
import type { NodeState } from './state/node-state.ts'
import { nodeError, openNodeState, stateFile } from './state/open.ts'
import { StateVotes } from './state/votes.ts'

/** A locked data directory. */
export interface NodeData {
  readonly directory: string
  readonly secrets: Secrets
  readonly keys: KeyRing
}

export interface LocalNetwork {
  readonly chain: LocalChain
  readonly state: NodeState
  /** Judges frames by the committee and rules of this network. */
  readonly verifier: HeaderVerifier
  /** Makes frames until the signal fires or a failure is final. */
  run(signal: AbortSignal): Promise<void>
}

/** Throws `NodeError` `corrupt`, `CryptoError`. */
export async function openLocalNetwork(
  options: ResolvedOptions,
  crypto: Crypto,
  { directory, keys }: NodeData,
): Promise<LocalNetwork> {
  const { frameIntervalMillis, alertKey, onEvent } = options
  const members = await openMembers(crypto, keys)
  const known = await readGenesis(directory, crypto, members)
  if (known === undefined) {
    onEvent({ event: 'notice', message: `first run: making a local network in ${directory}` })
  }
  const state = await openNodeState(directory, { addonPath: options.addonPath, store: options.store })
  const ledger = new StateLedger(state)
  let chain: LocalChain
  let genesis: Genesis
  try {
    genesis = known ?? (await makeGenesis(options, directory, crypto, members, ledger))
    const values = new NodeStateAnswers(state)
    const examples = [...(await state.examples()), ...members.map(proverExample)]
    chain = await LocalChain.open({ ledger, genesis, values, examples, crypto, frameIntervalMillis, alertKey })
    await expectStateOf(chain.headFacts, state, directory)
  } catch (error) {
    await ledger.close()
    throw nodeError(error)
  }
  const disk = new DiskWatch(onEvent)
  // What keeps the disk from being asked keeps the next frame from being stored, and is told there.
  const observeDisk = () =>
    void state.disk().then(
      (level) => disk.observe(level),
      () => undefined,
    )
  const committee = await crypto.openCommittee(chain.committee)
  const maker = new FrameMaker(crypto, members, committee, rulesOf(genesis), new StateVotes(state))
  return {
    chain,
    state,
    verifier: new HeaderVerifier(crypto, committee, rulesOf(genesis)),
    run: (signal) => {
      observeDisk()
      return produce(
        {
          chain,
          maker,
          difficulty: genesis.difficulty,
          frameIntervalMillis,
          onFrame: ({ facts, signers, solveMillis }) => {
            onEvent({
              event: 'frame',
              number: facts.number.toString(),
              identity: Buffer.from(facts.identity).toString('hex'),
              signers,
              solveMillis: Math.round(solveMillis),
            })
            observeDisk()
          },
          onFailure: (error, final) => onEvent({ event: 'failure', message: messageOf(error), final }),
        },
        signal,
      )
    },
  }
}

/** The newest stored state must be the one that the newest header commits to. */
export async function expectStateOf(head: HeaderFacts, state: NodeState, directory: string): Promise<void> {
  const stored = await state.committed()
  if (stored !== null && stored.frame === head.number && commitsTo(head, stored)) return
  throw new NodeError(
    'corrupt',
    `frame ${head.number} commits to another state than the one in ${stateFile(directory)}: restore a backup`,
  )
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
