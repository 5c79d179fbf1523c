/** Compute operations (spec 40 section 3.7). */
import { message, required, sub } from '../message.ts'
import { arr, bool, lp, map, raw, str, u32, uncheckedText } from '../types.ts'
import { configurationRows } from './hypergraph.ts'
import { BLS48581AggregateSignature } from './keys.ts'

export const Application = message('Application', 0x0604, [
  ['address', lp()],
  ['execution_context', u32],
])

export const IntrinsicExecutionInput = message('IntrinsicExecutionInput', 0x0605, [
  ['address', lp()],
  ['input', lp()],
])

export const IntrinsicExecutionOutput = message('IntrinsicExecutionOutput', 0x0606, [
  ['address', lp()],
  ['output', lp()],
  ['proof', lp()],
])

export const ComputeConfiguration = message('ComputeConfiguration', 0x0600, configurationRows)

export const ComputeDeploy = message('ComputeDeploy', 0x0601, [
  ['config', sub(ComputeConfiguration)],
  ['rdf_schema', lp()],
])

export const ComputeUpdate = message('ComputeUpdate', 0x0602, [
  ['config', sub(ComputeConfiguration)],
  ['rdf_schema', lp()],
  ['public_key_signature_bls48581', sub(BLS48581AggregateSignature)],
])

export const CodeDeployment = message('CodeDeployment', 0x0603, [
  ['circuit', lp()],
  ['input_types', arr(uncheckedText)],
  ['output_types', arr(uncheckedText)],
  ['domain', raw(32)],
])

export const ExecuteOperation = message('ExecuteOperation', 0x0608, [
  ['application', required(Application)],
  ['identifier', lp()],
  ['dependencies', arr(lp())],
])

export const CodeExecute = message('CodeExecute', 0x060c, [
  ['proof_of_payment', arr(lp())],
  ['domain', raw(32)],
  ['rendezvous', raw(32)],
  ['execute_operations', arr(required(ExecuteOperation))],
])

export const StateTransition = message('StateTransition', 0x060d, [
  ['domain', raw(32)],
  ['address', lp()],
  ['old_value', lp()],
  ['new_value', lp()],
  ['proof', lp()],
])

export const ExecutionResult = message('ExecutionResult', 0x060e, [
  ['operation_id', lp()],
  ['success', bool],
  ['output', lp()],
  ['error', lp()],
])

export const CodeFinalize = message('CodeFinalize', 0x060f, [
  ['rendezvous', raw(32)],
  ['results', arr(required(ExecutionResult))],
  ['state_changes', arr(required(StateTransition))],
  ['proof_of_execution', lp()],
  ['message_output', lp()],
])

export const ExecutionDependency = message('ExecutionDependency', 0x0607, [
  ['identifier', lp()],
  ['read_set', arr(lp())],
  ['write_set', arr(lp())],
  ['stage', u32],
])

export const ExecutionNode = message('ExecutionNode', 0x0609, [
  ['operation', sub(ExecuteOperation)],
  ['read_set', arr(lp())],
  ['write_set', arr(lp())],
  ['stage', u32],
  ['visited', bool],
  ['in_progress', bool],
])

export const ExecutionStage = message('ExecutionStage', 0x060b, [['operation_ids', arr(str())]])

export const ExecutionDAG = message('ExecutionDAG', 0x060a, [
  ['operations', map(str(), required(ExecutionNode))],
  ['stages', arr(required(ExecutionStage))],
])
