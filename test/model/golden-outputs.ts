/** PyTorch's outputs, and models that must give them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint, type ConvertTarget } from '../../lib/model'
import { clipSamples } from '../support/clips'
import { root } from '../support/environment'
import { clipPath, demoModel, readJson, syntheticSignal, type GoldenOutputs } from '../support/golden'
import { largestDifference, rowOf, runOnnx } from '../support/run-onnx'

export const targets: readonly ConvertTarget[] = ['plain', 'cpu', 'npu']

export function convert(
  checkpoint: string,
  config: string,
  batch: number,
  target: ConvertTarget,
): Uint8Array {
  return convertCheckpoint(readFileSync(checkpoint), readFileSync(config, 'utf8'), { batch, target })
}

/** Every clip through the model, `batch` at a time, against PyTorch's outputs. */
export async function expectGolden(
  model: Uint8Array,
  batch: number,
  cases: readonly { samples: Float32Array; logits: readonly number[]; lastHidden?: readonly number[] }[],
): Promise<void> {
  for (let start = 0; start < cases.length; start += batch) {
    const group = cases.slice(start, start + batch)
    const outputs = await runOnnx(
      model,
      group.map(({ samples }) => samples),
    )
    expect(Object.keys(outputs)).to.deep.equal(['last_hidden', 'logits'])
    for (const [row, { logits, lastHidden }] of group.entries()) {
      expect(largestDifference(rowOf(outputs['logits']!, row), logits)).to.be.below(1e-4)
      if (lastHidden)
        expect(largestDifference(rowOf(outputs['last_hidden']!, row), lastHidden)).to.be.below(1e-4)
    }
  }
}

/** The demo model on four demo clips. */
export async function expectDemoGolden(target: ConvertTarget, batch: number): Promise<void> {
  const all = readJson(root, 'test', 'fixtures', 'demo', 'golden.json') as readonly GoldenOutputs[]
  const cases = await Promise.all(
    all.slice(0, 4).map(async ({ utt, logits, last_hidden: lastHidden }) => ({
      samples: await clipSamples(clipPath(demoModel.corpus, utt)),
      logits,
      ...(lastHidden ? { lastHidden } : {}),
    })),
  )
  await expectGolden(convert(demoModel.checkpoint, demoModel.config, batch, target), batch, cases)
}

/** The official AASIST-L on real clips and a synthetic one; `data` is the folder of reference data. */
export async function expectOfficialGolden(
  data: string,
  target: ConvertTarget,
  batch: number,
): Promise<void> {
  const golden = readJson(data, 'aasist-l-tensors-golden.json') as readonly GoldenOutputs[]
  const cases = await Promise.all(
    golden.map(async ({ utt, logits, last_hidden: lastHidden }) => ({
      samples: utt === 'synthetic' ? syntheticSignal() : await clipSamples(clipPath(join(data, 'LA'), utt)),
      logits,
      lastHidden: lastHidden!,
    })),
  )
  const [checkpoint, config] = ['pth', 'conf'].map(ending => join(data, 'checkpoints', `AASIST-L.${ending}`))
  await expectGolden(convert(checkpoint!, config!, batch, target), batch, cases)
}
