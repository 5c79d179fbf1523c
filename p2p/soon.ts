/** Calls back in a task of its own, behind what waits already: of Node, or by a message to itself where there is none of that. */
export function soon(task: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(task)
  else byMessage(task)
}

const waiting: (() => void)[] = []
let channel: MessageChannel | undefined

function byMessage(task: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => waiting.shift()?.()
  }
  waiting.push(task)
  channel.port2.postMessage(null)
}
