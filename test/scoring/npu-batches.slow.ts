/** Offline models of every fixed batch on the simulator: the same scores. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint } from '../../lib/model'
import { evaluate } from '../../lib/scoring'
import { simulatedNpu } from '../support/native'
import { scratchFolder } from '../support/scratch-folder'
import { demoLines, tinyModel, writeCorpus } from './support'

describe('an offline model', () => {
  const folder = scratchFolder()
  const npu = simulatedNpu()
  let libraryBefore: string | undefined
  before(() => {
    libraryBefore = process.env['AASIST_ACL_LIBRARY']
    process.env['AASIST_ACL_LIBRARY'] = npu.libraryPath
  })
  after(() => {
    if (libraryBefore === undefined) delete process.env['AASIST_ACL_LIBRARY']
    else process.env['AASIST_ACL_LIBRARY'] = libraryBefore
  })

  it('of any fixed batch gives the scores of batch 1, but for the last bits, the last run padded', async function () {
    this.timeout(120_000)
    const [checkpoint, config] = [readFileSync(tinyModel.checkpoint), readFileSync(tinyModel.config, 'utf8')]
    writeCorpus(join(folder(), 'LA'), demoLines(13))
    const evaluated = async (batch: number, out: string, device: 'npu' | readonly number[]) => {
      const onnx = join(folder(), `${batch}.onnx`)
      writeFileSync(onnx, convertCheckpoint(checkpoint, config, { batch, target: 'npu' }))
      const model = npu.models.compile(onnx)
      await evaluate({ model, data: join(folder(), 'LA'), out: join(folder(), out), device })
      return readFileSync(join(folder(), out, 'eval_scores.txt'), 'utf8')
        .trimEnd()
        .split('\n')
    }
    const score = (line: string): number => Number(line.split(' ').at(-1))
    const one = await evaluated(1, 'one', [0])
    for (const batch of [2, 5, 16]) {
      const many = await evaluated(batch, `${batch}`, [0, 1, 2])
      expect(many.map(line => line.split(' ')[0])).to.deep.equal(one.map(line => line.split(' ')[0]))
      for (const [index, line] of many.entries()) expect(score(line)).to.be.closeTo(score(one[index]!), 1e-5)
      expect(await evaluated(batch, `${batch}-alone`, [1])).to.deep.equal(many)
    }
  })
})
