import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { Score } from '../../lib/scoring'
import { root } from '../support/environment'
import { demoClips, demoGolden } from './support'

interface Measured {
  readonly p99Ms: number
  readonly samples: number
  readonly scores: readonly (readonly [file: string, result: Score])[]
}

/** In a process that does nothing else: a test runner keeps its own event loop busy. */
async function scoreDemoClips(): Promise<Measured> {
  const script = ['--require', require.resolve('tsx/cjs'), join(__dirname, 'event-loop.ts')]
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...script, join(root, 'dist', 'index.js'), ...demoClips],
    { maxBuffer: 2 ** 24 },
  )
  return JSON.parse(stdout) as Measured
}

describe('the demo clips through scoreFiles', () => {
  let first: Measured

  before(async function () {
    this.timeout(120_000)
    first = await scoreDemoClips()
  })

  it('score as in PyTorch: all 37 within 1e-3, at most two beyond 1e-4', () => {
    expect(first.scores.map(([file]) => file)).to.deep.equal(demoClips)
    const differences = demoGolden.map(({ logits }, index) =>
      Math.abs(first.scores[index]![1].score - logits[1]),
    )
    expect(Math.max(...differences)).to.be.below(1e-3)
    expect(differences.filter(difference => !(difference <= 1e-4)).length).to.be.at.most(2)
  })

  it('are as long as they are', () => {
    for (const [index, { samples }] of demoGolden.entries()) {
      expect(first.scores[index]![1].durationSeconds).to.equal(samples / 16_000)
    }
  })

  it('leave the event loop free: 99 % of its delays stay below 5 ms', async function () {
    // Other processes on the machine can hold this one up, so the best of three counts; a loop that is really blocked
    // is blocked in each of them.
    this.timeout(240_000)
    const p99Ms = [first.p99Ms]
    expect(first.samples).to.be.above(500)
    while (Math.min(...p99Ms) >= 5 && p99Ms.length < 3) p99Ms.push((await scoreDemoClips()).p99Ms)
    expect(Math.min(...p99Ms), `p99 in ms: ${p99Ms.join(', ')}`).to.be.below(5)
  })
})
