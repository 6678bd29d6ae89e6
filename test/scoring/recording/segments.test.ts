import { expect } from 'chai'
import { Segmenter } from '../../../lib/scoring'
import { loudestDbfs } from '../../../lib/scoring/recording/loudness'
import { window } from './windows'

describe('segments of a recording', () => {
  it('are windows in a row that say the same, with their scores', () => {
    const segmenter = new Segmenter()
    for (const [at, score] of [3, 1, -2, null, null, 5].entries()) segmenter.add(window(at, score))
    expect(segmenter.segments()).to.deep.equal([
      {
        channel: null,
        startSeconds: 0,
        endSeconds: 5,
        decision: 'bonafide',
        windows: 2,
        lowestScore: 1,
        meanScore: 2,
        highestScore: 3,
      },
      {
        channel: null,
        startSeconds: 2,
        endSeconds: 6,
        decision: 'spoof',
        windows: 1,
        lowestScore: -2,
        meanScore: -2,
        highestScore: -2,
      },
      {
        channel: null,
        startSeconds: 3,
        endSeconds: 8,
        decision: 'silence',
        windows: 2,
        lowestScore: null,
        meanScore: null,
        highestScore: null,
      },
      {
        channel: null,
        startSeconds: 5,
        endSeconds: 9,
        decision: 'bonafide',
        windows: 1,
        lowestScore: 5,
        meanScore: 5,
        highestScore: 5,
      },
    ])
  })

  it('are those of each channel by itself', () => {
    const segmenter = new Segmenter()
    for (const at of [0, 1]) {
      segmenter.add(window(at, 1, 0))
      segmenter.add(window(at, -1, 1))
    }
    const found = segmenter
      .segments()
      .map(({ channel, decision, windows }) => ({ channel, decision, windows }))
    expect(found).to.deep.equal([
      { channel: 0, decision: 'bonafide', windows: 2 },
      { channel: 1, decision: 'spoof', windows: 2 },
    ])
  })
})

describe('the loudest part of a window', () => {
  it('is told in dB of full scale', () => {
    const half = Float32Array.from(
      { length: 16_000 },
      (_, at) => 0.5 * Math.sin((2 * Math.PI * 500 * at) / 16_000),
    )
    expect(loudestDbfs(half, 16_000)).to.be.closeTo(-9.03, 0.01)
    expect(loudestDbfs(new Float32Array(100), 16_000)).to.equal(-Infinity)
    const click = new Float32Array(64_600)
    click.set(half.subarray(0, 320), 30_000)
    expect(loudestDbfs(click, 16_000)).to.be.within(-13, -9)
  })
})
