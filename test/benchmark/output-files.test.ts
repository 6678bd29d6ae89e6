import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeOutputs } from '../../lib/benchmark/output-files'
import type { TypedTensor } from '../../lib/session'
import { failureOf } from '../support/failure'
import { errorCode } from '../../lib/errors'
import { scratchFolder } from '../support/scratch-folder'

const tensor = (dims: readonly number[], ...values: readonly number[]): TypedTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(values),
})

describe('benchmark: files of results', () => {
  const folder = scratchFolder()
  const write = (
    outputs: Readonly<Record<string, TypedTensor>>,
    outputNames: readonly string[],
    files: readonly string[],
    batchAxis = 0,
  ): ReturnType<typeof writeOutputs> =>
    writeOutputs(
      {
        outputNames,
        outputs,
        request: { index: 3, feeds: {}, samples: files.map(file => [file]) },
        samplesPerRequest: 2,
      },
      { folder: folder(), format: 'TXT', batchAxis },
    )
  const text = (name: string): string => readFileSync(join(folder(), name), 'utf8')

  it("count outputs in the model's order, also where their names are numbers", async () => {
    // JavaScript would list 10 first.
    await write({ 10: tensor([2], 1, 2), 20: tensor([2], 3, 4) }, ['20', '10'], ['x.bin', 'y.bin'])
    expect(text('x_0.txt')).to.equal('3.000000\n')
    expect(text('y_1.txt')).to.equal('2.000000\n')
  })

  it('have their number among all samples, and none for what filled up the last run', async () => {
    const written = await write({ y: tensor([2], 1, 2) }, ['y'], ['last.bin'])
    expect(written).to.deep.equal([
      { sample: 6, infiles: ['last.bin'], outfiles: [join(folder(), 'last_0.txt')] },
    ])
    expect(readdirSync(folder())).to.deep.equal(['last_0.txt'])
  })

  it('are cut along another axis when told to', async () => {
    await write({ y: tensor([2, 4], 1, 2, 3, 4, 5, 6, 7, 8) }, ['y'], ['x.bin', 'y.bin'], 1)
    expect(text('x_0.txt')).to.equal('1.000000 2.000000\n5.000000 6.000000\n')
    expect(text('y_0.txt')).to.equal('3.000000 4.000000\n7.000000 8.000000\n')
  })

  it('are not made of an output that cannot be cut (INPUT_SHAPE)', async () => {
    const failure = await failureOf(write({ y: tensor([3], 1, 2, 3) }, ['y'], ['x.bin', 'y.bin']))
    expect(errorCode(failure)).to.equal('INPUT_SHAPE')
  })
})
