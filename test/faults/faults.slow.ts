/**
 * Every call into AscendCL that the add-on makes, failing on its first and on a later use, hanging, and slow. What became of
 * each is a table in docs/reliability.md: this test writes it with UPDATE_DOCS=1, and fails when it says something else.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { OfflineModels, requireSimulator } from '../support/native'
import { addonCalls, endsWithinMs, play, stories, summary } from './matrix'
import type { Ended, Story } from './matrix'

const page = join(root, 'docs', 'reliability.md')
const mark = { begin: '<!-- fault matrix -->', end: '<!-- end of fault matrix -->' }

/** ACL_ERROR_INTERNAL_ERROR: what AscendCL says when it says nothing. A function that returns a pointer returns NULL. */
const anyError = '500000'
const kinds = ['first', 'later', 'hang', 'slow'] as const
type Kind = (typeof kinds)[number]

/** What AscendCL refuses to take back stays, and is no leak of ours. */
const givesBack = /Free|Destroy|Unload|Reset/

interface Case {
  readonly call: string
  readonly story: Story
  readonly kind: Kind
  readonly fault: string
  readonly ended: Ended
}

function faultOf(call: string, kind: Kind, uses: number): string {
  const later = Math.floor(uses / 2) + 1
  return {
    first: `${call}:${anyError}@1`,
    later: `${call}:${anyError}@${later}`,
    hang: `${call}:hang@${later}`,
    slow: `${call}:30ms`,
  }[kind]
}

/** Three at a time: what hangs needs no processor. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!)
    }
  }
  await Promise.all([lane(), lane(), lane()])
  return results
}

describe('every call into AscendCL', function () {
  this.timeout(900_000)
  let models: OfflineModels | undefined
  let cases: readonly Case[] = []
  /** Calls and how often a story makes them without a fault. */
  const used = new Map<string, { story: Story; uses: number }>()

  before(async function () {
    requireSimulator(this)
    models = new OfflineModels()
    const all = stories(models)
    for (const [index, { calls }] of (await inParallel(all, story => play(story))).entries())
      for (const [call, uses] of Object.entries(calls))
        if (!used.has(call)) used.set(call, { story: all[index]!, uses })
    const planned = addonCalls().flatMap(call => {
      const use = used.get(call)
      if (use === undefined) return []
      return kinds
        .filter(kind => kind !== 'later' || use.uses > 1)
        .map(kind => ({ call, kind, story: use.story, fault: faultOf(call, kind, use.uses) }))
    })
    cases = await inParallel(planned, async each => ({ ...each, ended: await play(each.story, each.fault) }))
  })
  after(() => models?.remove())

  const failing = (isWrong: (each: Case) => boolean): readonly string[] =>
    cases
      .filter(isWrong)
      .map(
        ({ fault, story, ended }) =>
          `${fault} (${story.name}): ${JSON.stringify({ ...ended, calls: undefined })}`,
      )

  it('is made in one of the stories', () => {
    expect(addonCalls().filter(call => !used.has(call))).to.deep.equal([])
  })

  it('may fail, hang or be slow, and the process ends by itself, without a signal, in bounded time', () => {
    expect(failing(({ ended }) => ended.code !== 0 || ended.signal !== null)).to.deep.equal([])
    expect(failing(({ ended }) => ended.durationMs > endsWithinMs)).to.deep.equal([])
  })

  it('may fail, and every promise rejects with an error that has a code', () => {
    expect(failing(({ ended }) => ended.steps === undefined || ended.steps.untyped.length > 0)).to.deep.equal(
      [],
    )
  })

  it('may fail, and a run that succeeds nevertheless has the right result', () => {
    expect(failing(({ ended }) => ended.steps?.wrong !== 0)).to.deep.equal([])
  })

  it('may fail or hang, and nothing stays pending but what has no time-out', () => {
    const pending = ({ ended, kind, story }: Case) =>
      [...(ended.steps?.runs ?? []), ended.steps?.release].includes('pending') &&
      !(kind === 'hang' && story.timeoutMs === 0)
    expect(failing(pending)).to.deep.equal([])
  })

  it('may be slow, and nothing else happens', () => {
    const disturbed = ({ kind, story, ended }: Case) =>
      kind === 'slow' &&
      story.fault === undefined &&
      (ended.steps === undefined || summary(ended.steps) !== 'no effect')
    expect(failing(disturbed)).to.deep.equal([])
  })

  it('may fail or be slow, and everything is given back', () => {
    const leaking = ({ call, kind, story, ended }: Case) =>
      kind !== 'hang' &&
      story.fault?.includes('hang') !== true &&
      !givesBack.test(call) &&
      Object.values(ended.leaks).some(count => count > 0)
    expect(failing(leaking)).to.deep.equal([])
  })

  it('may fail, and what AscendCL then says of the program is nothing', () => {
    // A library that could not be initialised reports nothing.
    const wrong = ({ call, kind, ended }: Case) =>
      kind !== 'hang' && ended.problems.some(problem => problem.kind !== 'no-report' || call !== 'aclInit')
    expect(failing(wrong)).to.deep.equal([])
  })

  it('has what becomes of it in docs/reliability.md', () => {
    const cell = (call: string, kind: Kind): string => {
      const found = cases.find(each => each.call === call && each.kind === kind)
      return found?.ended.steps === undefined ? '' : summary(found.ended.steps)
    }
    const rows = addonCalls().map(call => {
      const story = used.get(call)?.story.name ?? ''
      return [`\`${call}\``, story, cell(call, 'first'), cell(call, 'later'), cell(call, 'hang')]
    })
    const table = aligned([['call', 'story', 'fails at first', 'fails later', 'hangs'], ...rows])
    const [before, , after] = split(readFileSync(page, 'utf8'))
    const wanted = `${before}${mark.begin}\n\n${table}\n${mark.end}${after}`
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, wanted)
    expect(readFileSync(page, 'utf8')).to.equal(wanted)
  })
})

function split(text: string): readonly [string, string, string] {
  const begin = text.indexOf(mark.begin)
  const end = text.indexOf(mark.end)
  if (begin === -1 || end < begin) throw new Error(`docs/reliability.md lacks ${mark.begin} or ${mark.end}`)
  return [text.slice(0, begin), text.slice(begin, end), text.slice(end + mark.end.length)]
}

/** As prettier has it. */
function aligned([header = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(3, title.length, ...rows.map(row => row[i]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |\n`
  const rule = line(widths.map(width => '-'.repeat(width)))
  return line(header) + rule + rows.map(line).join('')
}
