import { signAlert } from '@petal/core/identity/global-alert.ts'
import { identityOfSeed } from '@petal/core/identity/peer-id.ts'
import { expect, test } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { alertReader } from './alert-reader.ts'

const engine = loadNativeEngine()
const [operator, stranger] = [7, 8].map((n) => identityOfSeed(new Uint8Array(57).fill(n), engine))

test('OPS-08 an alert is read, and holds under the key that signed it alone', async () => {
  if (operator === undefined || stranger === undefined) throw new Error('no keys')
  const bytes = signAlert('note', operator, engine)
  const alert = alertReader.decode(bytes)
  if (alert.valid === false) throw new Error(alert.reason)
  expect(alert.message).toBe('note')
  expect(await alertReader.verify(operator.publicKey, alert)).toBe(true)
  expect(await alertReader.verify(stranger.publicKey, alert)).toBe(false)
  expect(await alertReader.verify(operator.publicKey, { ...alert, signed: alert.signed.slice(1) })).toBe(false)
  for (const key of [new Uint8Array(57), new Uint8Array(57).fill(255), new Uint8Array(3)])
    expect(await alertReader.verify(key, alert)).toBe(false)
  for (const wrong of [new Uint8Array(0), bytes.slice(1), bytes.slice(0, -1), new Uint8Array(2000)])
    expect(alertReader.decode(wrong).valid).toBe(false)
})
