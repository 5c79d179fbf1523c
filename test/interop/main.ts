/** `npm run interop [-- PATTERN]`: Petal against programs that are not ours. What cannot run here is counted, with the reason. */
import { goGroups } from './go-groups.ts'
import { grpcGroups } from './grpc-groups.ts'
import { GoPrograms, whyNoGo } from './peers/go-programs.ts'
import { Runner } from './runner.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
const runner = new Runner(print)
const wanted = new RegExp(process.argv[2] ?? '')

const reason = await whyNoGo()
if (reason === undefined) {
  await using programs = await GoPrograms.build()
  print(`Go programs: ${programs.versions}`)
  const groups = [...goGroups(programs), ...grpcGroups(programs)].filter(({ name }) => wanted.test(name))
  if (groups.length === 0) runner.fail(wanted.source, 'no group has such a name')
  for (const group of groups) await runner.run(group)
} else runner.leave('everything of go-libp2p and grpcurl', reason)
print(runner.summary())
process.exit(runner.failed > 0 ? 1 : 0)
