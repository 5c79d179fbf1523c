import { defineCommand } from 'citty'
import { LOCAL } from '../chain/local-profile.ts'
import manifest from '../package.json' with { type: 'json' }
import { checkArguments } from './arguments.ts'

export const version = defineCommand({
  meta: { name: 'version', description: 'Prints the version of this program and the protocol profile it speaks' },
  run({ rawArgs }) {
    checkArguments(rawArgs, {})
    console.log(`petal-node ${manifest.version}, profile ${LOCAL.profile}, Node ${process.versions.node}`)
  },
})
