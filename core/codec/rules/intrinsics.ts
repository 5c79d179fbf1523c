import type { MessageValue } from '../message.ts'
import type * as compute from '../tables/compute.ts'
import type * as hypergraph from '../tables/hypergraph.ts'
import type { BLS48581AggregateSignature } from '../tables/keys.ts'
import { type Fault, filled, first, lengths, optional, present, type RuleContext, type Rules, when } from './rule.ts'

type Aggregate = MessageValue<typeof BLS48581AggregateSignature> | null
type Deploy = { readonly config: unknown }
type Update = {
  readonly config: unknown
  readonly rdf_schema: Uint8Array
  readonly public_key_signature_bls48581: Aggregate
}

const aggregate = (signature: Aggregate): Fault =>
  present('signature', signature, (value) => lengths('signature', value.signature, 0, 74))

/** A deployment: the configuration is there and valid. */
export const deploy =
  (configuration: string) =>
  (value: unknown, context: RuleContext): Fault =>
    present('configuration', (value as Deploy).config, (config) => context.validate(configuration, config))

/** An update: a configuration, a schema or both, and a signature. */
export const update =
  (configuration: string, configurationRequired: boolean) =>
  (value: unknown, context: RuleContext): Fault => {
    const message = value as Update
    return first(
      when(configurationRequired && message.config === null, 'configuration is missing'),
      when(message.config === null && message.rdf_schema.length === 0, 'neither configuration nor schema'),
      optional(message.config, (config) => context.validate(configuration, config)),
      aggregate(message.public_key_signature_bls48581),
    )
  }

const hyperedge = (value: unknown): Fault => {
  const message = value as MessageValue<typeof hypergraph.HyperedgeAdd>
  return first(
    lengths('domain', message.domain, 32),
    filled('value', message.value),
    filled('signature', message.signature),
  )
}

/** Hypergraph and compute operations (spec 40 section 4). */
export const intrinsicRules: Rules = {
  HypergraphConfiguration: (value) => {
    const message = value as MessageValue<typeof hypergraph.HypergraphConfiguration>
    return first(
      lengths('read key', message.read_public_key, 57),
      lengths('write key', message.write_public_key, 57),
      lengths('owner key', message.owner_public_key, 0, 585),
    )
  },
  HypergraphDeploy: deploy('HypergraphConfiguration'),
  HypergraphUpdate: update('HypergraphConfiguration', false),
  VertexAdd: (value) => {
    const message = value as MessageValue<typeof hypergraph.VertexAdd>
    return first(
      lengths('domain', message.domain, 32),
      lengths('data address', message.data_address, 32),
      filled('data', message.data),
      filled('signature', message.signature),
    )
  },
  VertexRemove: (value) => {
    const message = value as MessageValue<typeof hypergraph.VertexRemove>
    return first(
      lengths('domain', message.domain, 32),
      lengths('data address', message.data_address, 32),
      filled('signature', message.signature),
    )
  },
  HyperedgeAdd: hyperedge,
  HyperedgeRemove: hyperedge,
  ComputeConfiguration: (value) => {
    const message = value as MessageValue<typeof compute.ComputeConfiguration>
    return first(
      lengths('read key', message.read_public_key, 57),
      lengths('write key', message.write_public_key, 0, 57),
      lengths('owner key', message.owner_public_key, 0, 585),
    )
  },
  ComputeDeploy: deploy('ComputeConfiguration'),
  ComputeUpdate: update('ComputeConfiguration', false),
  CodeDeployment: (value) => {
    const message = value as MessageValue<typeof compute.CodeDeployment>
    return first(
      filled('circuit', message.circuit),
      when(message.input_types.length !== 2, `${message.input_types.length} input types, 2 wanted`),
      lengths('domain', message.domain, 32),
    )
  },
  CodeExecute: (value) => {
    const message = value as MessageValue<typeof compute.CodeExecute>
    return first(
      when(message.proof_of_payment.length !== 2, `${message.proof_of_payment.length} proofs of payment, 2 wanted`),
      filled('operations', message.execute_operations),
    )
  },
  Application: (value) => {
    const message = value as MessageValue<typeof compute.Application>
    return first(
      lengths('address', message.address, 0, 32),
      when(message.execution_context > 2, `context ${message.execution_context}, 0 to 2 wanted`),
    )
  },
  ExecuteOperation: (value, context) => {
    const message = value as MessageValue<typeof compute.ExecuteOperation>
    return first(context.validate('Application', message.application), filled('identifier', message.identifier))
  },
  StateTransition: (value) => filled('address', (value as MessageValue<typeof compute.StateTransition>).address),
  ExecutionResult: (value) =>
    filled('operation id', (value as MessageValue<typeof compute.ExecutionResult>).operation_id),
}
