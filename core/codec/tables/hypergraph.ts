/** Hypergraph operations (spec 40 section 3.5). Their layouts have no limits of their own: the bundle's bound them. */
import { message, required, sub } from '../message.ts'
import { lp } from '../types.ts'
import { BLS48581AggregateSignature } from './keys.ts'

export const configurationRows = [
  ['read_public_key', lp()],
  ['write_public_key', lp()],
  ['owner_public_key', lp()],
] as const

export const HypergraphConfiguration = message('HypergraphConfiguration', 0x0401, configurationRows)

export const HypergraphDeploy = message('HypergraphDeploy', 0x0402, [
  ['config', required(HypergraphConfiguration)],
  ['rdf_schema', lp()],
])

export const HypergraphUpdate = message('HypergraphUpdate', 0x0403, [
  ['config', sub(HypergraphConfiguration)],
  ['rdf_schema', lp()],
  ['public_key_signature_bls48581', sub(BLS48581AggregateSignature)],
])

export const VertexAdd = message('VertexAdd', 0x0404, [
  ['domain', lp()],
  ['data_address', lp()],
  ['data', lp()],
  ['signature', lp()],
])

export const VertexRemove = message('VertexRemove', 0x0405, [
  ['domain', lp()],
  ['data_address', lp()],
  ['signature', lp()],
])

const hyperedgeRows = [
  ['domain', lp()],
  ['value', lp()],
  ['signature', lp()],
] as const

export const HyperedgeAdd = message('HyperedgeAdd', 0x0406, hyperedgeRows)
export const HyperedgeRemove = message('HyperedgeRemove', 0x0407, hyperedgeRows)
