import { expect } from 'chai'
import { timelineSections } from '../../lib/report/recording-timeline'
import type { WindowScore } from '../../lib/scoring'
import { window } from '../scoring/recording/windows'

function drawing(windows: readonly WindowScore[]): { readonly lines: number; readonly dots: number } {
  const page = timelineSections({ name: 'call.wav', windows, segments: [] }, 0).text
  const path = /class="curve line" d="([^"]*)"/.exec(page)![1]!
  return { lines: (path.match(/M/g) ?? []).length, dots: (page.match(/<circle/g) ?? []).length }
}

const regular = Array.from({ length: 40 }, (_, at) => window(10 * at, Math.sin(at)))

describe('report: scores over time', () => {
  it('are one line, also where the last window ends with the recording, near the one before it', () => {
    expect(drawing(regular)).to.deep.equal({ lines: 1, dots: 0 })
    expect(drawing([...regular, window(390.2, 1)])).to.deep.equal({ lines: 1, dots: 0 })
  })

  it('are interrupted by silence', () => {
    const silent = regular.map((each, at) => (at > 10 && at < 20 ? window(each.startSeconds, null) : each))
    expect(drawing(silent)).to.deep.equal({ lines: 2, dots: 0 })
  })

  it('are a dot where a window is alone between silences', () => {
    const alone = regular.map((each, at) =>
      at > 10 && at < 20 && at !== 15 ? window(each.startSeconds, null) : each,
    )
    expect(drawing(alone)).to.deep.equal({ lines: 2, dots: 1 })
    expect(drawing([window(0, 2)])).to.deep.equal({ lines: 0, dots: 1 })
  })
})
