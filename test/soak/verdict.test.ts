import { expect } from 'chai'
import type { Outcome } from './run-load'
import type { Sample } from './sample'
import { complaints, table, trends } from './verdict'

const at = (index: number, more: Partial<Sample> = {}): Sample => ({
  atSeconds: index * 10,
  rssBytes: 300e6,
  heapBytes: 10e6,
  externalBytes: 5e6,
  fds: 21,
  threads: 11,
  children: 0,
  zombies: 0,
  state: 'resting',
  ...more,
})
const flat = Array.from({ length: 30 }, (_, index) => at(index))
const grown = (samples: readonly Sample[]): string[] =>
  trends(samples)
    .filter(({ grew }) => grew)
    .map(({ figure }) => figure)

const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  samples: flat,
  end: {
    kind: 'end',
    tally: { lanes: { npu: { right: 1, errors: { RUN_FAILED: 1 } } }, mistakes: [], mistakeCount: 0 },
    before: at(0),
    after: at(30),
  },
  broken: undefined,
  status: 0,
  signal: null,
  printed: '',
  report: { pid: 1, event: 'exit', leaks: { models: 0 }, problems: [], calls: {} },
  ...more,
})

describe('the verdict of a soak', () => {
  it('is good where nothing grows', () => {
    expect(complaints(outcome())).to.deep.equal([])
  })

  it('leaves the first third for warming up, and looks at moments of rest only', () => {
    const warming = flat.map((sample, index) => (index < 10 ? { ...sample, rssBytes: index * 10e6 } : sample))
    const running = Array.from({ length: 30 }, (_, index) =>
      at(index, { state: 'running', rssBytes: index * 1e9 }),
    )
    expect(grown([...warming, ...running])).to.deep.equal([])
  })

  it('finds what leaks: 3 MB of memory in 10 s, a file or thread in a minute, a child', () => {
    expect(grown(flat.map((sample, index) => ({ ...sample, rssBytes: 300e6 + index * 3e6 })))).to.deep.equal([
      'rssBytes',
    ])
    for (const figure of ['fds', 'threads'] as const)
      expect(
        grown(flat.map((sample, index) => ({ ...sample, [figure]: 20 + Math.floor(index / 5) }))),
      ).to.deep.equal([figure])
    expect(grown(flat.map((sample, index) => ({ ...sample, children: index < 20 ? 0 : 1 })))).to.deep.equal([
      'children',
    ])
  })

  it('finds what is left at the end, on the simulator too', () => {
    const { end, report } = outcome()
    const left = outcome({
      end: { ...end!, after: at(30, { children: 1, fds: 22, zombies: 1 }) },
      report: { ...report!, leaks: { models: 2 } },
    })
    expect(complaints(left)).to.have.lengthOf(4)
    const threads = outcome({ end: { ...end!, after: at(30, { threads: 16 }) } })
    expect(complaints(threads)).to.deep.equal(['16 threads are left, 11 were before'])
  })

  it('is none where there were no faults, too few rests, or an early end: it says so', () => {
    const { end } = outcome()
    const quiet = { ...end!.tally, lanes: { npu: { right: 1, errors: {} } } }
    expect(complaints(outcome({ end: { ...end!, tally: quiet } }))).to.deep.equal([
      'nothing failed: there were no faults',
    ])
    expect(complaints(outcome({ samples: flat.slice(0, 5) }))[0]).to.match(/5 rests say nothing of a trend/)
    const broken = outcome({ end: undefined, samples: [], status: null, signal: 'SIGKILL', broken: 'hung' })
    expect(complaints(broken)).to.deep.equal([
      'hung',
      'ended with SIGKILL; 0 was expected',
      'gave no account of itself',
    ])
    expect(table(broken)).to.include('second third')
  })

  it('names wrong results, a bad end, and lanes that did nothing', () => {
    const { end } = outcome()
    const tally = {
      lanes: { npu: { right: 0, errors: { RUN_FAILED: 1 } } },
      mistakes: ['npu: wrong'],
      mistakeCount: 1,
    }
    const found = complaints(
      outcome({ end: { ...end!, tally }, status: 1, printed: 'free(): invalid pointer' }),
    )
    expect(found.join('\n')).to.match(/ended with 1.*free\(\).*npu: wrong.*not one right/s)
  })
})
