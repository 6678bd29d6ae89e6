/**
 * The npu target on every real clip at every batch size of the Ascend guide, against the plain graph: minutes of a core,
 * so not part of `npm test`. `npm run test:sweep`
 */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig, readCheckpoint } from '../../lib/model'
import { buildAasistGraph } from '../../lib/model/aasist-graph'
import type { Graph } from '../../lib/model/graph'
import { optimizeForNpu } from '../../lib/model/npu-target'
import { clipSamples } from '../support/clips'
import { referenceData } from '../support/environment'
import { clipPath, readJson } from '../support/golden'
import { largestDifference } from '../support/run-onnx'
import { PooledModel, type Scored } from './pooled-model'

const tolerance = 1e-4
const mostFlips = 2

describe('the npu target on real clips, official AASIST-L', function () {
  this.timeout(0)
  let clips: readonly Float32Array[] = []
  let expected: readonly Scored[] = []
  let graphOf: (batch: number) => Graph

  before(async function () {
    const data = referenceData(this)
    const golden = readJson(data, 'la-eval-golden.json') as readonly { readonly utt: string }[]
    clips = await Promise.all(golden.map(({ utt }) => clipSamples(clipPath(join(data, 'LA'), utt))))
    const { model } = parseConfig(readFileSync(join(data, 'checkpoints', 'AASIST-L.conf'), 'utf8'))
    const checkpoint = readCheckpoint(readFileSync(join(data, 'checkpoints', 'AASIST-L.pth')))
    graphOf = batch => buildAasistGraph(checkpoint, model, batch)
    const plain = await PooledModel.open(graphOf(1))
    expected = await plain.score(clips)
    await plain.release()
  })

  for (const batch of [1, 4, 8, 16, 32, 64]) {
    it(`gives the plain graph's logits at batch ${batch}; a clip beyond 1e-4 has a pooling that chose otherwise`, async () => {
      expect(clips).to.have.length(186)
      const model = await PooledModel.open(optimizeForNpu(graphOf(batch)).graph)
      const found = await model.score(clips)
      await model.release()
      const differences = found.map(({ logits }, clip) => largestDifference(logits, expected[clip]!.logits))
      const beyond = [...differences.keys()].filter(clip => !(differences[clip]! <= tolerance))
      const rest = differences.filter(difference => difference <= tolerance)
      console.log(
        `      batch ${batch}: largest difference ${Math.max(...rest).toExponential(2)}, beyond ${tolerance}: ${beyond.length}`,
      )
      for (const clip of beyond) {
        expect(found[clip]!.kept, `clip ${clip}: ${differences[clip]}`).to.not.deep.equal(
          expected[clip]!.kept,
        )
      }
      expect(beyond.length).to.be.at.most(mostFlips)
    })
  }
})
