/** What a probe found, for people: a block for each target, the outcome last. */
import { stripVTControlCharacters, styleText } from 'node:util'
import { wrap } from '../bin/wrap.ts'
import { networkName } from './network-protocols.ts'
import type { PeerReport, ProbeReport, RpcReport, StageReport } from './report.ts'

export interface Layout {
  readonly columns: number
  readonly coloured: boolean
}

const STAGE_WIDTH = 9
const MILLIS_WIDTH = 8

export function printed(report: ProbeReport, { columns, coloured }: Layout): string {
  const style: Style = (format, text) => (coloured ? styleText(format, text, { validateStream: false }) : text)
  const blocks = [...report.peers, ...report.rpc].map((one) => block(one, columns, style))
  return [...blocks, outcome(report, columns, style)].map((lines) => lines.join('\n')).join('\n\n')
}

/** A stage without its text. */
export function stageHead({ stage, ok, millis }: StageReport): string {
  return `${stage.padEnd(STAGE_WIDTH)} ${`${Math.round(millis)} ms`.padStart(MILLIS_WIDTH)}  ${ok ? '' : 'FAILED '}`
}

type Style = (format: 'bold' | 'red' | 'green' | 'dim', text: string) => string

function block(report: PeerReport | RpcReport, columns: number, style: Style): string[] {
  const isRpc = 'head' in report
  const lines = [style('bold', isRpc ? `${report.target} (gRPC)` : report.target)]
  for (const stage of report.stages)
    lines.push(...folded(`${stageHead(stage)}${stage.text}`, columns, stage.ok ? undefined : style))
  if (!isRpc && report.learned !== null) {
    const { first, providers, closer } = report.learned
    for (const { peerId, provider, addresses } of first) {
      lines.push(
        `  ${provider ? 'provider' : 'closer  '} ${peerId}`,
        ...addresses.map((one) => style('dim', `    ${one}`)),
      )
    }
    const more = providers + closer - first.length
    if (more > 0) lines.push(`  and ${more} more`)
  }
  return lines
}

/** Where the text of a stage begins. */
const INDENT = 2 + STAGE_WIDTH + 1 + MILLIS_WIDTH + 2

/** A stage within the width of the terminal; its text goes on below its beginning. */
function folded(line: string, columns: number, style: Style | undefined): string[] {
  const head = `  ${line}`.slice(0, INDENT)
  const text = wrap(line.slice(INDENT - 2), Math.max(columns - INDENT, MIN_TEXT)).split('\n')
  const lines = text.map((part, index) => `${index === 0 ? head : ' '.repeat(INDENT)}${part}`)
  return style === undefined ? lines : lines.map((one) => style('red', stripVTControlCharacters(one)))
}

const MIN_TEXT = 24

function outcome({ network, answered, peers, rpc }: ProbeReport, columns: number, style: Style): string[] {
  const lines = (format: 'green' | 'red', text: string) =>
    wrap(text, columns)
      .split('\n')
      .map((line) => style(format, line))
  const all = peers.length + rpc.length
  const where = networkName(network)
  if (answered > 0) return lines('green', `${answered} of ${all} answered to the end: this machine reaches ${where}.`)
  const proven = [...peers, ...rpc].filter(({ peerId }) => peerId !== null).length
  const met = [...peers, ...rpc].filter(({ stages }) =>
    stages.some(({ stage, ok }) => ok && stage === 'connect'),
  ).length
  const reached =
    proven > 0
      ? `${proven} proved who they are`
      : met > 0
        ? `${met} took a connection, none of them proved who they are`
        : 'nobody was reached'
  return lines('red', `0 of ${all} answered to the end: ${reached}.`)
}
