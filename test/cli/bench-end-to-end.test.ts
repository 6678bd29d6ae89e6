/** From files to scores on the simulator, whose executions take as long as it is told. */
import { join } from 'node:path'
import { expect } from 'chai'
import type { EndToEndBenchmark } from '../../lib/benchmark'
import { root } from '../support/environment'
import { tinyModel } from '../scoring/support'
import { npuBench } from './npu-bench'
import { aasist, expectFailure, expectSuccess } from './support'

describe('aasist bench --end-to-end', function () {
  this.timeout(120_000)
  const npu = npuBench()
  const clips = join(root, 'models', 'demo', 'LA', 'ASVspoof2019_LA_eval', 'flac')
  let om = ''
  before(async () => {
    om = (await npu.convert(tinyModel.checkpoint, tinyModel.config)).om
  })
  const bench = (executeUs: number, ...more: string[]) =>
    aasist(['bench', '--end-to-end', clips, '--model', om, ...more], {
      env: { ...npu.environment(), ACL_SIM_EXEC_US: String(executeUs) },
    })
  const measured = async (executeUs: number, ...more: string[]): Promise<EndToEndBenchmark> => {
    const ended = await bench(executeUs, '--json', ...more)
    expectSuccess(ended)
    expect(ended.stderr).to.match(/simulator: its times are made up/)
    return JSON.parse(ended.stdout) as EndToEndBenchmark
  }

  it('names the execution where the model is slow, and comes close to its pure rate', async () => {
    const { bottleneck, clips: count, clipsPerSecond, pureClipsPerSecond, stages } = await measured(80_000)
    expect(count).to.equal(37)
    expect(bottleneck.name).to.equal('execute')
    expect(stages.find(({ name }) => name === 'execute')!.meanMs).to.be.at.least(80)
    expect(clipsPerSecond / pureClipsPerSecond).to.be.within(0.5, 1)
  })

  it('names the decoding where the model takes next to nothing', async () => {
    const { bottleneck, preparationThreads } = await measured(10, '--device', '0', '--loop', '10')
    expect(preparationThreads).to.be.within(1, 8)
    expect(bottleneck.name).to.equal('decode')
  })

  it('prints the stages and the bottleneck for people', async () => {
    const { stdout, ...ended } = await bench(20_000, '--device', '0,1')
    expectSuccess({ stdout, ...ended })
    expect(stdout).to.match(/^37 clips in /)
    for (const stage of ['decode', 'wait', 'copy in', 'execute', 'copy out', 'rest']) {
      expect(stdout).to.match(new RegExp(`^${stage} +\\d+\\.\\d{3} `, 'm'))
    }
    // Which one it is depends on what else the processors do; the tests above make sure of theirs.
    expect(stdout).to.match(/^bottleneck: [a-z ]+ \(\d+\.\d % busy\)$/m)
  })

  it('refuses flags that are about tensors', async () => {
    expectFailure(await bench(10, '--batchsize', '1'), 2, 'INVALID_ARGUMENT')
  })
})
