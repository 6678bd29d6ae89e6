/**
 * Every call into AscendCL that the add-on makes, failing on its first and on later uses, hanging, and slow. What became of
 * each is a table in docs/reliability.md: this test writes it with UPDATE_DOCS=1, and fails when it says something else.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { OfflineModels, requireSimulator } from '../support/native'
import { addonCalls, callsWithCode, endsWithinMs, noEffect, stories, summary } from './matrix'
import type { Ended, Story } from './matrix'
import { playAll, playUndisturbed } from './plan'
import type { Case, Kind, Undisturbed } from './plan'

const page = join(root, 'docs', 'reliability.md')
const mark = { begin: '<!-- fault matrix -->', end: '<!-- end of fault matrix -->' }

/** All that a session has; its model is one of an input and an output. */
const session = {
  models: 1,
  deviceBlocks: 5,
  hostBlocks: 10,
  contexts: 1,
  streams: 1,
  deviceSets: 1,
  descriptions: 1,
  datasets: 4,
  dataBuffers: 4,
}

/** What AscendCL refuses to take back stays. Of a device that may still be at work nothing is taken away. */
const leftBehind: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  aclrtResetDevice: { deviceSets: 1 },
  aclrtDestroyContext: { contexts: 1 },
  aclrtFree: { deviceBlocks: 1 },
  aclrtFreeHost: { hostBlocks: 1 },
  aclmdlUnload: session,
  aclmdlDestroyDesc: { descriptions: 1 },
  aclDestroyDataBuffer: { dataBuffers: 1 },
  aclmdlDestroyDataset: { datasets: 1 },
  aclDestroyTensorDesc: { tensorDescriptions: 1 },
  aclrtStreamAbort: session,
}

/** Objects by kind; the sizes of blocks are the model's. */
function leftIn({ ended }: Case): Readonly<Record<string, number>> {
  const left = Object.entries(ended.leaks).filter(([kind, count]) => count > 0 && !kind.endsWith('Bytes'))
  return Object.fromEntries(left)
}

describe('the calls that answer a code', () => {
  it('are read from the headers in folders as well', () => {
    expect([...callsWithCode()]).to.include.members(['aclInit', 'acldvppMalloc'])
  })
})

describe('every call into AscendCL', function () {
  this.timeout(900_000)
  let models: OfflineModels | undefined
  let undisturbed: readonly Undisturbed[] = []
  let cases: readonly Case[] = []

  before(async function () {
    requireSimulator(this)
    models = new OfflineModels()
    undisturbed = await playUndisturbed(stories(models))
    cases = await playAll(undisturbed)
  })
  after(() => models?.remove())

  const find = (call: string, kind: Kind) => cases.find(each => each.call === call && each.kind === kind)

  /** How the two sessions of a story ended, compared with how they do without the fault under test. */
  const effects = ({ story, ended }: Case): readonly string[] => {
    const own = undisturbed.find(each => each.story === story)!.ended.steps!.sessions.map(summary)
    return ended.steps!.sessions.map(summary).map((text, index) => (text === own[index] ? noEffect : text))
  }

  const failing = (isWrong: (each: Case) => boolean): readonly string[] =>
    cases
      .filter(isWrong)
      .map(
        ({ fault, story, ended }) =>
          `${fault} (${story.name}): ${JSON.stringify({ ...ended, calls: undefined })}`,
      )

  it('is made in one of the stories, and once more in its second session', () => {
    expect(addonCalls().filter(call => find(call, 'first') === undefined)).to.deep.equal([])
    expect(addonCalls().filter(call => find(call, 'next') === undefined)).to.deep.equal([])
  })

  it('is given the codes of a broken device and of full memory, unless it answers no code', () => {
    const withoutCode = [
      ...[
        'aclGetRecentErrMsg',
        'aclrtGetSocName',
        'aclmdlCreateDesc',
        'aclmdlGetNumInputs',
        'aclmdlGetNumOutputs',
      ],
      ...['aclmdlGetInputSizeByIndex', 'aclmdlGetOutputSizeByIndex', 'aclmdlGetInputNameByIndex'],
      ...[
        'aclmdlGetOutputNameByIndex',
        'aclmdlGetInputDataType',
        'aclmdlGetOutputDataType',
        'aclmdlGetInputFormat',
      ],
      ...['aclCreateDataBuffer', 'aclGetDataBufferAddr', 'aclGetDataBufferSizeV2', 'aclmdlCreateDataset'],
      ...[
        'aclmdlGetDatasetTensorDesc',
        'aclCreateTensorDesc',
        'aclDestroyTensorDesc',
        'aclGetTensorDescNumDims',
      ],
    ]
    for (const kind of ['broken', 'memory'] as const) {
      expect(addonCalls().filter(call => find(call, kind) === undefined)).to.deep.equal(withoutCode)
    }
  })

  it('is given back in each story when nothing else goes wrong', () => {
    for (const { story, ended } of undisturbed)
      expect({
        story: story.name,
        left: Object.entries(ended.leaks).filter(([, count]) => count > 0),
      }).to.deep.equal({
        story: story.name,
        left: [],
      })
  })

  it('may fail, hang or be slow, and the process ends by itself, without a signal, in bounded time', () => {
    expect(failing(({ ended }) => ended.code !== 0 || ended.signal !== null)).to.deep.equal([])
    expect(failing(({ ended }) => ended.durationMs > endsWithinMs)).to.deep.equal([])
  })

  it('may fail, hang or be slow, and stderr stays empty but for one sentence of ours on what is left behind', () => {
    const ours = /^aasist-ascend: [12] session\(s\) or probe\(s\) did not end in time, .*\n$/
    const prints = ({ ended }: { ended: Ended }) => ended.stderr.replace(ours, '') !== ''
    expect(undisturbed.filter(prints)).to.deep.equal([])
    expect(failing(prints)).to.deep.equal([])
    // Calls that hang make it, and show that stderr is really read.
    expect(cases.some(({ kind, ended }) => kind === 'hang' && ours.test(ended.stderr))).to.equal(true)
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
    const mayWait = (kind: Kind, story: Story) => kind === 'hang' && story.timeoutMs === 0
    const pending = ({ ended, kind, story }: Case) =>
      ended.steps!.sessions.some(({ create, runs, release }) =>
        [create, ...runs, release].includes('pending'),
      ) && !mayWait(kind, story)
    expect(failing(pending)).to.deep.equal([])
  })

  it('may fail, and the session before and the one after have nothing of it', () => {
    const affected = (each: Case) =>
      each.kind !== 'hang' && effects(each)[each.kind === 'next' ? 0 : 1] !== noEffect
    expect(failing(affected)).to.deep.equal([])
  })

  it('may be slow, and nothing else happens', () => {
    const disturbed = (each: Case) => each.kind === 'slow' && effects(each).some(text => text !== noEffect)
    expect(failing(disturbed)).to.deep.equal([])
  })

  it('may say that the device is broken or that memory is full, and the error says so too', () => {
    const wanted = { broken: 'ACL_DEVICE_FAULT', memory: 'ACL_OUT_OF_MEMORY' }
    const toldOtherwise = (each: Case) => {
      if (each.kind !== 'broken' && each.kind !== 'memory') return false
      const [told = ''] = effects(each)
      const [ofAnyError] = effects(find(each.call, 'first')!)
      return ofAnyError === noEffect ? told !== noEffect : !told.endsWith(`: ${wanted[each.kind]}`)
    }
    expect(failing(toldOtherwise)).to.deep.equal([])
  })

  it('may say that the device is broken, and only then no other run of the session succeeds', () => {
    const codesOf = (each: Case) => {
      const { runs } = each.ended.steps!.sessions[0]!
      return runs.slice(runs.findIndex(end => end !== 'ok' && end !== 'pending') + 1)
    }
    const isOfRun = (each: Case) => effects(each)[0]!.startsWith('run: ')
    const goesOn = (each: Case) => each.kind === 'broken' && isOfRun(each) && codesOf(each).includes('ok')
    expect(failing(goesOn)).to.deep.equal([])
    const faulted = (each: Case) =>
      each.kind === 'memory' && isOfRun(each) && codesOf(each).includes('SESSION_FAULTED')
    expect(failing(faulted)).to.deep.equal([])
  })

  it('may fail or be slow, and everything is given back but the very object that is refused', () => {
    for (const each of cases) {
      if (each.kind === 'hang') continue
      const wanted = each.kind === 'slow' ? {} : (leftBehind[each.call] ?? {})
      expect(leftIn(each), `${each.fault} (${each.story.name})`).to.deep.equal(wanted)
    }
  })

  it('may hang, and no more is kept than what one session has', () => {
    const alone = ['models', 'contexts', 'streams', 'deviceSets', 'descriptions'] as const
    const tooMuch = ({ kind, ended }: Case) =>
      kind === 'hang' && alone.some(each => (ended.leaks[each] ?? 0) > 1)
    expect(failing(tooMuch)).to.deep.equal([])
  })

  it('may fail, hang or be slow, and what AscendCL then says of the program is nothing', () => {
    // A library that never came to be initialised reports nothing.
    const neverBegan = ({ call, ended }: Case) =>
      call === 'aclInit' && ended.steps!.sessions.every(({ create }) => create !== 'ok')
    const wrong = (each: Case) =>
      each.ended.problems.some(({ kind }) => kind !== 'no-report' || !neverBegan(each))
    expect(failing(wrong)).to.deep.equal([])
  })

  it('has what becomes of it in docs/reliability.md', () => {
    const columns: readonly (readonly [Kind, string])[] = [
      ['first', 'fails at first'],
      ['later', 'fails later'],
      ['next', 'fails in the next session'],
      ['hang', 'hangs'],
      ['slow', '30 ms slower'],
    ]
    const cell = (call: string, kind: Kind): string => {
      const found = find(call, kind)
      if (found === undefined) return ''
      const [here = '', next = noEffect] = effects(found)
      if (kind === 'next') return next
      return next === noEffect ? here : `${here}; next session: ${next}`
    }
    const rows = addonCalls().map(call => [
      `\`${call}\``,
      find(call, 'first')!.story.name,
      ...columns.map(([kind]) => cell(call, kind)),
    ])
    const table = aligned([['call', 'story', ...columns.map(([, title]) => title)], ...rows])
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
