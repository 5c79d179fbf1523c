/** From what the worker found to what the public types promise. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { DriverState } from '@petal/core/light/driver.ts'
import type { Finding } from '@petal/core/light/events.ts'
import { RefusedError } from './errors.ts'
import { kindOf } from './transports/kinds.ts'
import type { Client, ClientState, Head, HeadValue } from './types.ts'

export const IDLE: ClientState = {
  phase: 'idle',
  at: null,
  target: null,
  peers: [],
  committee: null,
  health: 'ok',
  reason: 'The client has not been started.',
  next: 'Start it.',
}

export function clientState(state: DriverState): ClientState {
  const { phase, at, target, committee, health, reason, next } = state
  const peers = state.peers.map(({ peer, ...shown }) => ({
    ...shown,
    transport: shown.transport || (kindOf(shown.address) ?? ''),
  }))
  return { phase, at, target, committee, health, reason, next, peers }
}

/** A frame whose facts are known. */
export function headOf(finding: Finding): Head {
  const value = headValue(finding)
  if (value === null) throw new RefusedError(finding.reason ?? 'these bytes are no header')
  const { verified, reason, millis } = finding
  return { value, frame: value.facts.number, root: value.identity, verified, reason, millis }
}

/** Verdict on any bytes. */
export function verdictOf(finding: Finding): Awaited<ReturnType<Client['verify']>> {
  const value = headValue(finding)
  const { verified, reason, millis, checks } = finding
  return { value, frame: value?.facts.number ?? 0n, root: value?.identity ?? '', verified, reason, millis, checks }
}

/** Why a frame was refused, with the check that did it. */
export function refusalText(finding: Finding): string {
  const failed = finding.checks.find((check) => !check.ok)
  const which = finding.facts === null ? 'These bytes were' : `Frame ${finding.facts.number} was`
  const why =
    failed === undefined ? (finding.reason ?? 'unknown') : `${failed.name} (${failed.section}): ${failed.reason}`
  return `${which} refused by the check ${why}.`
}

function headValue(finding: Finding): HeadValue | null {
  const { facts, checks, bytes, from, verifiedAt } = finding
  if (facts === null) return null
  return { facts, identity: bytesToHex(facts.identity), checks, bytes, from, verifiedAt }
}
