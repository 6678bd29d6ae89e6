/** What eval-npu.test.ts shows for the demo clips. */
import { expect } from 'chai'
import { referenceData } from '../support/environment'
import { npuBench, realScores } from './npu-bench'

describe('aasist on an NPU, with all real clips', () => {
  const bench = npuBench()

  it('scores as onnxruntime does, to the last bit', async function () {
    this.timeout(300_000)
    const { npu, cpu } = await realScores(bench, referenceData(this))
    expect(npu.trim().split('\n')).to.have.length(186)
    expect(npu).to.equal(cpu)
  })
})
