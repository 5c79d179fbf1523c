#!/usr/bin/env node
/** Command line of the node. Exit codes: 0 done, 1 failed, 2 wrong use, 130 and 143 stopped by SIGINT and SIGTERM. */
import { UsageError } from './arguments.ts'
import { dispatch, isCommand } from './main.ts'

try {
  await dispatch(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  const [, , word] = process.argv
  const command = isCommand(word) ? word : 'start'
  console.error(`petal-node: ${error.message}\nTry petal-node --help, or petal-node ${command} --help.`)
  process.exitCode = 2
}
