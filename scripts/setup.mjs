#!/usr/bin/env node
/**
 * Makes everything that a command of package.json needs, before it runs: packages, compiled modules, the page, a browser.
 * Uses nothing but Node >= 20 itself. What is up to date is not made again, so a second start costs a fraction of a second.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stopChildren, watchChildren } from './setup/child.mjs'
import { EXIT, SetupError } from './setup/errors.mjs'
import { lock } from './setup/lock.mjs'
import { Plan } from './setup/plan.mjs'
import { Stamps } from './setup/stamps.mjs'
import { COMMANDS, STEPS } from './setup/steps.mjs'
import { duration, Terminal } from './setup/terminal.mjs'
import { checkNode, checkPresence, checkVersions } from './setup/tools.mjs'

const HELP = `usage: node scripts/setup.mjs <${Object.keys(COMMANDS).join('|')}>

Prepares a fresh clone for the command of that name in package.json ("npm start", "npm test", ...).
Progress goes to stderr; the output of each step is kept in .petal/logs/setup-STEP.log.

  PETAL_CHROMIUM    path of the Chromium that tests use (default: an installed one, else one is installed)
  exit codes        0 ready, ${EXIT.failed} a step failed, ${EXIT.usage} wrong usage, ${EXIT.toolMissing} a tool is missing, ${EXIT.interrupted} interrupted
`

async function setUp(root, command, terminal) {
  checkNode()
  const steps = Object.fromEntries(COMMANDS[command].map((name) => [name, STEPS[name]]))
  const stamps = new Stamps(root, join(root, '.petal/stamps.json'))
  const plan = new Plan({ root, steps, stamps, terminal })
  if (command === 'test' || command === 'check') checkPresence()
  const stale = plan.stale()
  if (stale.length === 0) {
    stamps.save()
    return
  }
  if (stale.some((name) => name !== 'chromium')) {
    checkPresence()
    checkVersions(root)
  }
  terminal.line(`petal: setting up for "${command}": ${stale.map((name) => STEPS[name].title).join(', ')}`)
  await plan.run()
}

function report(error, terminal) {
  terminal.close()
  if (!(error instanceof SetupError)) return void console.error(`\npetal: ${error.stack ?? error}`)
  if (error.tail.length > 0) console.error(`\n${error.tail.map((line) => `  | ${line}`).join('\n')}`)
  console.error(`\npetal: ${error.message}`)
  if (error.log) console.error(`  all of its output: ${error.log}\n  run the same command again to go on from here`)
}

async function main([command, ...rest]) {
  if (command === '--help' || command === '-h') {
    console.log(HELP)
    return 0
  }
  if (!Object.hasOwn(COMMANDS, command ?? '') || rest.length > 0) {
    console.error(command === undefined ? HELP : `petal: no such set-up: ${[command, ...rest].join(' ')}\n\n${HELP}`)
    return EXIT.usage
  }
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const terminal = new Terminal()
  const held = await lock(join(root, '.petal/setup.lock'), (pid) => {
    terminal.line(`petal: another set-up is running here (process ${pid}); waiting for it`)
  })
  watchChildren(held.runs)
  let interrupted = false
  const interrupt = async (code) => {
    interrupted = true
    await stopChildren()
    held.release()
    terminal.close()
    console.error('\npetal: set-up interrupted; run the same command again to go on from here')
    process.exit(code)
  }
  process.once('SIGINT', () => interrupt(EXIT.interrupted))
  process.once('SIGTERM', () => interrupt(EXIT.terminated))
  process.once('SIGHUP', () => interrupt(EXIT.terminated))
  try {
    await setUp(root, command, terminal)
    terminal.line(`petal: ready for "${command}" (set-up ${duration(terminal.elapsed())})`)
    return 0
  } catch (error) {
    // the step failed because it was stopped; `interrupt` ends the process
    if (interrupted) return await new Promise(() => {})
    await stopChildren()
    report(error, terminal)
    // whoever reads only the last line of `npm test` must see that nothing was tested
    if (command === 'test') console.log('0 passed, 1 failed')
    return error.exitCode ?? EXIT.failed
  } finally {
    terminal.close()
    held.release()
  }
}

process.exitCode = await main(process.argv.slice(2))
