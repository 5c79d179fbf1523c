#!/usr/bin/env node
/** Command line of the node. Exit codes: 0 done, 1 failed, 2 wrong use, 130 and 143 stopped by SIGINT and SIGTERM. */
import { UsageError } from './arguments.ts'
import { dispatch } from './main.ts'

try {
  await dispatch(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`petal-node: ${error.message}\nTry petal-node --help, or petal-node start --help.`)
  process.exitCode = 2
}
