/** What atc's default precision (weights in half precision) does to scores, against PyTorch's in single precision. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { computeEer } from '../../lib/metrics'
import { aasist, expectSuccess } from '../cli/support'
import { referenceData, root } from '../support/environment'
import { demoModel, readJson } from '../support/golden'
import { requireSimulator, simulatorSettings } from '../support/native'
import { requireSimulatorBuild } from './support'

const tolerance = 0.05

interface Trial {
  readonly utt: string
  readonly key: string
  readonly single: number
}

/** Misses and false alarms at the equal error point of these scores. */
function errorCounts(
  trials: readonly Trial[],
  scores: readonly number[],
): { misses: number; alarms: number } {
  const bonafide = scores.filter((_, i) => trials[i]!.key === 'bonafide')
  const spoof = scores.filter((_, i) => trials[i]!.key === 'spoof')
  const { threshold } = computeEer(bonafide, spoof)
  return {
    misses: bonafide.filter(score => score <= threshold).length,
    alarms: spoof.filter(score => score > threshold).length,
  }
}

describe('a model that atc compiled with its default precision', () => {
  let library: string
  let atc: string
  let environment: Readonly<Record<string, string>>
  let folder = ''
  before(function () {
    library = requireSimulator(this)
    ;({ atc, environment } = requireSimulatorBuild(this))
    folder = mkdtempSync(join(tmpdir(), 'aasist-precision-'))
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  async function scoresOf(name: string, checkpoint: string, corpus: string): Promise<Map<string, number>> {
    const run = (...args: string[]) =>
      aasist(args, {
        env: { ...simulatorSettings(), AASIST_ACL_LIBRARY: library, ACL_SIM_DEVICES: '2' },
        timeoutSeconds: 280,
      })
    const onnx = join(folder, `${name}.onnx`)
    const model = ['--checkpoint', checkpoint, '--config', checkpoint.replace(/pth$/, 'conf')]
    expectSuccess(await run('convert', ...model, '--target', 'plain', '--out', onnx))
    const options = ['--framework=5', '--soc_version=Ascend310P3', '--input_format=ND']
    execFileSync(atc, [`--model=${onnx}`, `--output=${join(folder, name)}`, ...options], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: 'pipe',
    })
    const out = join(folder, name)
    const data = ['--data', corpus, '--device', 'npu', '--out', out]
    expectSuccess(await run('eval', '--model', `${out}.om`, ...data))
    const lines = readFileSync(join(out, 'eval_scores.txt'), 'utf8').trimEnd().split('\n')
    return new Map(lines.map(line => [line.split(' ')[0]!, Number(line.split(' ')[3])]))
  }

  function expectClose(trials: readonly Trial[], half: ReadonlyMap<string, number>): void {
    const scores = trials.map(({ utt }) => half.get(utt)!)
    const differences = trials.map(({ single }, i) => Math.abs(scores[i]! - single))
    const largest = Math.max(...differences)
    expect(half.size).to.equal(trials.length)
    // Half precision must show: equal scores would mean that nothing was rounded.
    expect(largest).to.be.within(1e-4, tolerance)
    const before = errorCounts(
      trials,
      trials.map(({ single }) => single),
    )
    const after = errorCounts(trials, scores)
    expect(after.misses).to.be.closeTo(before.misses, 1)
    expect(after.alarms).to.be.closeTo(before.alarms, 1)
  }

  it('scores the demo clips within 0.05 of single precision, with the same errors', async function () {
    this.timeout(120_000)
    const golden = readJson(root, 'test', 'fixtures', 'demo', 'golden.json') as {
      utt: string
      key: string
      logits: [number, number]
    }[]
    const trials = golden.map(({ utt, key, logits }) => ({ utt, key, single: logits[1] }))
    expectClose(trials, await scoresOf('demo', demoModel.checkpoint, demoModel.corpus))
  })

  it('scores the 186 real clips within 0.05 of single precision, with as many errors give or take one', async function () {
    const data = referenceData(this)
    this.timeout(300_000)
    const golden = readJson(data, 'la-eval-golden.json') as {
      utt: string
      key: string
      aasistL: [number, number]
    }[]
    const trials = golden.map(({ utt, key, aasistL }) => ({ utt, key, single: aasistL[1] }))
    expect(trials).to.have.length(186)
    const checkpoint = join(data, 'checkpoints', 'AASIST-L.pth')
    expectClose(trials, await scoresOf('real', checkpoint, join(data, 'LA')))
  })
})
