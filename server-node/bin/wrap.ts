/** Help texts that fit the terminal: a description that is too long goes on below its beginning. */
import { stripVTControlCharacters } from 'node:util'

/** The space before an option or command, its name, the gap; nothing in other lines. */
const HEAD = /^\s+\S+\s{2,}|^/

export function wrap(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line.trimEnd(), columns))
    .join('\n')
}

function wrapLine(line: string, columns: number): string {
  const [head = ''] = HEAD.exec(line) ?? []
  const indent = widthOf(head)
  let wrapped = head
  let width = indent
  for (const word of line.slice(head.length).split(' ')) {
    const own = widthOf(word)
    if (width === indent) wrapped += word
    else if (width + 1 + own <= columns) wrapped += ` ${word}`
    else {
      wrapped += `\n${' '.repeat(indent)}${word}`
      width = indent
    }
    width += (width === indent ? 0 : 1) + own
  }
  return wrapped
}

const widthOf = (text: string): number => stripVTControlCharacters(text).length
