import { Code } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import { RpcError } from '../rpc/errors.ts'
import { type Circumstances, failureOf, ProbeError } from './failures.ts'

const CIRCUMSTANCES: Circumstances = {
  stage: 'connect',
  layer: 'tcp',
  where: '192.0.2.1 port 1/tcp',
  isLate: false,
  isInterrupted: false,
  seconds: 3,
}
const system = (code: string) => Object.assign(new Error(`connect ${code}`), { code })
const named = (name: string, message: string) => Object.assign(new Error(message), { name })

test.each([
  [system('ENOTFOUND'), { stage: 'resolve' }, 'dns', 'does not exist'],
  [system('EAI_AGAIN'), { stage: 'resolve' }, 'dns', 'online?'],
  [system('ECONNREFUSED'), {}, 'refused', 'nothing listens'],
  [system('ENETUNREACH'), {}, 'unreachable', 'no route'],
  [system('ECONNRESET'), { stage: 'secure' }, 'closed', 'reset'],
  [new Error('wrapped', { cause: system('ECONNREFUSED') }), {}, 'refused', 'nothing listens'],
  [new AggregateError([new Error('a'), system('EHOSTUNREACH')]), {}, 'unreachable', 'no route'],
  [new RpcError('dial', 'x', { cause: system('ECONNREFUSED') }), {}, 'refused', 'nothing listens'],
  [new Error('x'), { isLate: true }, 'timeout', 'within 3 s; a firewall may drop it'],
  [new Error('x'), { isLate: true, layer: 'udp' }, 'timeout', 'look the same over UDP'],
  [new Error('x'), { isLate: true, stage: 'tls' }, 'timeout', 'is silent'],
  [named('TimeoutError', 'x'), { stage: 'identify' }, 'timeout', 'does not answer'],
  [new Error('handshake timed out'), { layer: 'udp' }, 'timeout', 'UDP'],
  [system('ECONNREFUSED'), { isInterrupted: true }, 'interrupted', 'stopped'],
  [new Error('the session is over'), { stage: 'identify' }, 'closed', 'do not know Ed448 keys'],
  [new Event('close'), { stage: 'identify' }, 'closed', 'it ended the connection (close)'],
  [new Event('error'), { stage: 'websocket' }, 'noCommonProtocol', 'no WebSocket'],
  [
    new Error('Protocol selection failed - could not negotiate /noise'),
    { stage: 'secure' },
    'noCommonProtocol',
    'Noise',
  ],
  [named('MuxerUnavailableError', 'x'), { stage: 'multiplex' }, 'noCommonProtocol', 'Yamux'],
  [new Error('ssl: wrong version number'), { stage: 'tls' }, 'noCommonProtocol', 'does not speak TLS'],
  [new Error('ssl: alert protocol version'), { stage: 'tls' }, 'version', 'TLS 1.3'],
  [new Error("error 120: peer doesn't support any known protocol"), {}, 'noCommonProtocol', 'speaks QUIC'],
  [new Error('cannot bind [::]:0: Address family not supported'), {}, 'unreachable', 'address of that family'],
  [new RpcError('mismatch', 'A answers, B was wanted'), { stage: 'tls' }, 'wrongPeer', 'A answers'],
  [new RpcError('identity', 'no certificate'), { stage: 'tls' }, 'identity', 'a proxy'],
  [new RpcError('refused', 'not syncable', { status: Code.NotFound }), { stage: 'frame' }, 'status', 'not syncable'],
  ['a text', { stage: 'secure' }, 'protocol', 'a text'],
  [new Error('\u001b[31mred'), { stage: 'secure' }, 'protocol', '\ufffd[31mred'],
] as const)('%s, %j: %s', (error, circumstances, code, text) => {
  const failure = failureOf(error, { ...CIRCUMSTANCES, ...circumstances })
  expect(failure).toBeInstanceOf(ProbeError)
  expect(failure.code).toBe(code)
  expect(failure.message).toContain(text)
})

test('an error that is its own cause ends', () => {
  const error = new Error('x')
  error.cause = error
  expect(failureOf(error, CIRCUMSTANCES).code).toBe('protocol')
})
