/** What stands in every page: commands with options that there are, and blocks that somebody runs. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { aasist } from '../cli/support'
import { root } from '../support/environment'
import { blocksOf, mentionsOf, programOf, unseenLine } from './page'

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name))
const pages = ['README.md', ...markdownIn('docs'), ...markdownIn(join('docs', 'tutorials'))]

/** Of a shell block: what follows `aasist` on each line, with its continuation lines. */
function commandsOf(page: string): { words: string[]; place: string }[] {
  return blocksOf(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text, line }) =>
      text
        .replace(/\\\n/g, ' ')
        .split('\n')
        .flatMap(each => [...each.replace(/(^|\s)#.*$/, '').matchAll(/(?:^|[\s(=])aasist ([^|;&>)]*)/g)])
        .map(([, command]) => ({ words: command!.trim().split(/\s+/), place: `${page}:${line}` })),
    )
}

describe('pages of the docs', () => {
  it('name no command and no option that there is not', async function () {
    this.timeout(60_000)
    const commands = pages.flatMap(commandsOf)
    expect(commands).to.have.length.above(60)
    const helps = new Map<string, string>()
    const helpOf = async (command: readonly string[], place: string): Promise<string> => {
      const name = command.join(' ')
      if (!helps.has(name)) {
        const { status, stdout } = await aasist([...command, '--help'])
        expect(status, `${place}: aasist ${name}`).to.equal(0)
        helps.set(name, stdout)
      }
      return helps.get(name)!
    }
    for (const { words, place } of commands) {
      const [name = '', sub = '-'] = words
      if (name.startsWith('-')) continue
      const own = await helpOf([name], place)
      const hasSub = own.includes('\nCommands:') && !sub.startsWith('-')
      const help = hasSub ? await helpOf([name, sub], place) : own
      for (const option of words.filter(word => /^--[a-z]/i.test(word))) {
        const [flag = ''] = option.split('=')
        expect(help, `${place}: aasist ${name} ${flag}`).to.match(new RegExp(`${flag}(?![\\w-])`))
      }
    }
  })

  it('link to files that there are, and name no file of the sources that there is not', () => {
    const all = [...pages, ...['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'RELEASING.md']]
    const mentions = all.map(page => ({ page, ...mentionsOf(page) }))
    const local = mentions.flatMap(({ page, links }) =>
      links
        .filter(link => !/^([a-z]+:|#)/.test(link))
        .map(link => ({ page, path: join(dirname(page), decodeURIComponent(link.split('#')[0]!)) })),
    )
    const named = mentions.flatMap(({ page, code }) =>
      code
        .filter(text =>
          /^(lib|native|test|scripts|bench|fuzz|docs|examples|bin)\/[\w./-]*\w\.\w+$/.test(text),
        )
        .map(path => ({ page, path })),
    )
    expect(Math.min(local.length, named.length)).to.be.above(40)
    expect([...local, ...named].filter(({ path }) => !existsSync(join(root, path)))).to.deep.equal([])
  })

  it('of tutorials hold nothing but files, commands, and what these print', () => {
    for (const page of markdownIn(join('docs', 'tutorials')).filter(each => !each.endsWith('README.md'))) {
      const { files, steps } = programOf(page)
      expect(steps.length, page).to.be.above(3)
      expect(
        steps.some(({ seen }) => seen.length > 0),
        page,
      ).to.equal(true)
      const typed = steps.map(({ script }) => script).join('\n')
      for (const { name } of files) expect(typed, `${page}: nobody runs ${name}`).to.include(name)
    }
  })
})

describe('lines that a page shows', () => {
  it('are found in their order, with anything for …', () => {
    expect(unseenLine(['a … c', 'd'], 'x\na b c\ny\nd\n')).to.equal(undefined)
    expect(unseenLine(['d', 'a … c'], 'x\na b c\ny\nd\n')).to.equal('a … c')
    expect(unseenLine(['a.c'], 'abc\n')).to.equal('a.c')
    expect(unseenLine(['a', 'a'], 'a\n')).to.equal('a')
  })
})
