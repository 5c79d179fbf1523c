/** Whole nodes in the process of a test: on free ports, without a page, and what they said. */
import { join } from 'node:path'
import { type NodeEvent, type NodeOptions, type RunningNode, startNode } from '../index.ts'

export interface Started {
  readonly node: RunningNode
  readonly events: NodeEvent[]
}

/** Starts a node on the data directory `name` in `directory`; it stops with the stack. */
export async function startIn(
  directory: string,
  stack: AsyncDisposableStack,
  name: string,
  options: NodeOptions,
): Promise<Started> {
  const events: NodeEvent[] = []
  const node = await startNode({
    port: 0,
    webRoot: join(directory, 'no-page'),
    dataDirectory: join(directory, name),
    store: { ballastBytes: 0 },
    ...options,
    onEvent: (event) => events.push(event),
  })
  stack.use(node)
  return { node, events }
}

export const headOf = ({ node }: Started): number => Number(node.source.head().number)

/** Addresses of a node for others to join at. */
export const tcpOf = ({ node }: Started): string[] =>
  node.addresses().filter((address) => /\/tcp\/\d+\/p2p/.test(address))
