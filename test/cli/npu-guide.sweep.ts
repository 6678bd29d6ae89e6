/** The guide's path with the official weights and all real clips, which npu-guide-commands.slow.ts goes with those of the demo. */
import { expect } from 'chai'
import { join } from 'node:path'
import { referenceData } from '../support/environment'
import { requireSimulator } from '../support/native'
import {
  expectBenchmark,
  expectClose,
  guideMetrics,
  guideScores,
  runBlocks,
  simulatorBlocks,
} from './npu-guide'
import { scratchFolder } from './support'

describe('docs/npu.md, with the official AASIST-L', () => {
  const folder = scratchFolder()

  it('has the EER and min t-DCF of the CPU when compiled with original precision', async function () {
    requireSimulator(this)
    const data = referenceData(this)
    this.timeout(600_000)
    const checkpoint = join(data, 'checkpoints', 'AASIST-L.pth')
    // From the checkpoint to metrics, and the comparison; the others are the same in one step, and for other batches.
    const { stdout } = await runBlocks(folder(), [simulatorBlocks[0]!, simulatorBlocks[2]!], {
      checkpoint,
      config: checkpoint.replace(/pth$/, 'conf'),
      data: join(data, 'LA'),
      environment: {},
      timeoutSeconds: 590,
    })
    const cpu = guideScores(folder(), 'cpu-results')
    expect(cpu.size).to.equal(186)
    expectClose(guideScores(folder(), 'origin-results'), cpu, 1e-4)
    const metrics = guideMetrics(folder(), 'cpu-results')
    expect(metrics.eer).to.be.a('number')
    expect(metrics.minTdcf).to.be.a('number')
    expect(guideMetrics(folder(), 'origin-results')).to.deep.equal(metrics)
    expectClose(guideScores(folder(), 'om-results'), cpu, 0.1)
    expectBenchmark(stdout)
  })
})
