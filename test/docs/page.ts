/** A page of the docs as its reader takes it: files to write, commands to type, and what is then to be seen. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import MarkdownIt from 'markdown-it'
import { root } from '../support/environment'

export interface Block {
  /** `sh`, `js`, `ts`, `c`, `text`, … */
  readonly language: string
  readonly text: string
  readonly line: number
}

export function blocksOf(page: string): readonly Block[] {
  const markdown = new MarkdownIt({ html: true })
  return markdown
    .parse(readFileSync(join(root, page), 'utf8'), {})
    .filter(({ type }) => type === 'fence')
    .map(({ info, content, map }) => ({ language: info.trim(), text: content, line: map![0] + 1 }))
}

/** Where links of a page lead, and what it names in code, each without what is in blocks. */
export function mentionsOf(page: string): {
  readonly links: readonly string[]
  readonly code: readonly string[]
} {
  const inline = new MarkdownIt()
    .parse(readFileSync(join(root, page), 'utf8'), {})
    .flatMap(({ children }) => children ?? [])
  return {
    links: inline.flatMap(token => (token.type === 'link_open' ? [String(token.attrGet('href'))] : [])),
    code: inline.flatMap(({ type, content }) => (type === 'code_inline' ? [content] : [])),
  }
}

export interface Step {
  readonly script: string
  readonly line: number
  /** Lines that have to be seen, in this order; `…` stands for anything. */
  readonly seen: readonly string[]
}

export interface Program {
  readonly files: readonly { readonly name: string; readonly text: string }[]
  readonly steps: readonly Step[]
}

/** Of a file the first line says the name: `// name` or `/* name`. What is seen belongs to the commands above it. */
export function programOf(page: string): Program {
  const files: { name: string; text: string }[] = []
  const steps: { script: string; line: number; seen: readonly string[] }[] = []
  for (const { language, text, line } of blocksOf(page)) {
    const place = `${page}:${line}`
    if (language === 'sh') steps.push({ script: text, line, seen: [] })
    else if (language === 'text') {
      const step = steps.at(-1)
      if (step === undefined || step.seen.length > 0) throw new Error(`${place}: seen after no command`)
      step.seen = text.trimEnd().split('\n')
    } else {
      const [, name] = /^(?:\/\/|\/\*) (\S+\.\w+)/.exec(text) ?? []
      if (name === undefined) throw new Error(`${place}: a block of ${language} without a file's name`)
      files.push({ name, text })
    }
  }
  return { files, steps }
}

/** The first line of `seen` that is not in `output`, behind those before it; undefined where all are. */
export function unseenLine(seen: readonly string[], output: string): string | undefined {
  const lines = output.split('\n')
  let next = 0
  for (const wanted of seen) {
    const pattern = new RegExp(`^${wanted.trim().split('…').map(escaped).join('.*')}$`)
    const place = lines.findIndex((line, index) => index >= next && pattern.test(line.trim()))
    if (place < 0) return wanted
    next = place + 1
  }
  return undefined
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
