/** What atc's default precision (weights in half precision) does to scores, against PyTorch's in single precision. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { computeEer } from '../../lib/metrics'
import { aasist, expectSuccess } from '../cli/support'
import { neutralEnvironment } from '../support/environment'
import { requireSimulator, simulatorSettings } from '../support/native'
import { requireSimulatorBuild } from './support'
import type { SimulatorBuild } from './support'

const tolerance = 0.05

export interface Trial {
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

/** Scores of models that atc compiled with its default precision. */
export class DefaultPrecision {
  readonly #library: string
  readonly #build: SimulatorBuild
  readonly #folder = mkdtempSync(join(tmpdir(), 'aasist-precision-'))

  /** Skips the calling test when there is no simulator. */
  constructor(test: Mocha.Context) {
    this.#library = requireSimulator(test)
    this.#build = requireSimulatorBuild(test)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async scoresOf(name: string, checkpoint: string, corpus: string): Promise<Map<string, number>> {
    const run = (...args: string[]) =>
      aasist(args, {
        env: { ...simulatorSettings(), AASIST_ACL_LIBRARY: this.#library, ACL_SIM_DEVICES: '2' },
        timeoutSeconds: 280,
      })
    const onnx = join(this.#folder, `${name}.onnx`)
    const model = ['--checkpoint', checkpoint, '--config', checkpoint.replace(/pth$/, 'conf')]
    expectSuccess(await run('convert', ...model, '--target', 'plain', '--out', onnx))
    const options = ['--framework=5', '--soc_version=Ascend310P3', '--input_format=ND']
    execFileSync(this.#build.atc, [`--model=${onnx}`, `--output=${join(this.#folder, name)}`, ...options], {
      cwd: this.#folder,
      env: { ...neutralEnvironment(), ...this.#build.environment },
      stdio: 'pipe',
    })
    const out = join(this.#folder, name)
    const data = ['--data', corpus, '--device', 'npu', '--out', out]
    expectSuccess(await run('eval', '--model', `${out}.om`, ...data))
    const lines = readFileSync(join(out, 'eval_scores.txt'), 'utf8').trimEnd().split('\n')
    return new Map(lines.map(line => [line.split(' ')[0]!, Number(line.split(' ')[3])]))
  }
}

export function expectClose(trials: readonly Trial[], half: ReadonlyMap<string, number>): void {
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
