/** docs/npu.md: its commands work as they stand, with the demo weights and clips. npu-guide.sweep.ts has the official ones. */
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { containerFlags } from '../../lib/cli/doctor-container'
import { root } from '../support/environment'
import { demoModel } from '../support/golden'
import { requireSimulator } from '../support/native'
import {
  expectBenchmark,
  expectClose,
  guideMetrics,
  guideScores,
  guideText,
  runBlocks,
  simulatorBlocks,
  thinnedCorpus,
} from './npu-guide'
import { scratchFolder } from './support'

describe('docs/npu.md', () => {
  const folder = scratchFolder()

  it('shows no command that is not run here, but for shortened ones', () => {
    const run = simulatorBlocks.join('\n')
    const shown = [...guideText.matchAll(/`(npx --no-install aasist [^`]*)`/g)].map(
      ([, command = '']) => command,
    )
    expect(shown).to.have.length.above(5)
    for (const command of shown) {
      const start = command
        .split('…')[0]!
        .replace(/ --model $/, '')
        .replace(' --soc Ascend310P3', ' --soc auto')
      expect(run, command).to.include(start)
    }
  })

  it('gives containers the flags that doctor gives them', () => {
    const chips = ['/dev/davinci0'].map(path => ({ path }))
    for (const flag of containerFlags({ chips }).match(/--device=\S+|-v \S+/g)!) {
      expect(guideText).to.include(flag)
    }
  })

  it('has a short form in the README, which works as it stands', async function () {
    requireSimulator(this)
    this.timeout(120_000)
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const [, block = ''] = /## On Ascend NPUs[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)!
    const [build = '', ...commands] = block.split('\n')
    expect(build).to.match(/^npm install && npm run build /)
    const demo = join('models', 'demo')
    thinnedCorpus(demoModel.corpus, join(folder(), demo, 'LA'), 4)
    for (const name of readdirSync(join(root, demo)).filter(each => each.startsWith('aasist-l-demo.')))
      symlinkSync(join(root, demo, name), join(folder(), demo, name))
    const inputs = {
      checkpoint: '/none',
      config: '/none',
      data: '/none',
      environment: {},
      timeoutSeconds: 110,
    }
    const { stdout } = await runBlocks(folder(), [commands.join('\n')], inputs)
    expect(stdout).to.match(/^device npu +ok /m)
    expect(guideScores(folder(), 'npu-results').size).to.equal(10)
  })

  it('goes from the checkpoint to metrics, in every block', async function () {
    requireSimulator(this)
    this.timeout(240_000)
    const ended = await runBlocks(folder(), simulatorBlocks, {
      checkpoint: demoModel.checkpoint,
      config: demoModel.config,
      // All of them take a minute and a half.
      data: thinnedCorpus(demoModel.corpus, join(folder(), 'corpus'), 4),
      environment: { BATCHES: '4', LOOP: '2' },
      timeoutSeconds: 230,
    })
    expect(ended.stdout)
      .to.match(/^device npu +ok +an NPU$/m)
      .and.include('the same EER and min t-DCF')
    expect(ended.stdout).to.match(/^model +ok +aasist_bs1\.om is for Ascend310P3/m)
    for (const file of ['eval_scores.txt', 't-DCF_EER.txt']) {
      expect(existsSync(join(folder(), 'om-results', file))).to.equal(true)
    }
    expectBenchmark(ended.stdout)
    const cpu = guideScores(folder(), 'cpu-results')
    expect(cpu.size).to.equal(10)
    expectClose(guideScores(folder(), 'origin-results'), cpu, 1e-4)
    expect(guideMetrics(folder(), 'origin-results')).to.deep.equal(guideMetrics(folder(), 'cpu-results'))
    // Half-precision weights: close, and not the same.
    const half = guideScores(folder(), 'om-results')
    expectClose(half, cpu, 0.1)
    expect(half).to.not.deep.equal(cpu)
    expect(guideScores(folder(), 'direct-results')).to.deep.equal(half)
    expectClose(guideScores(folder(), 'aasist_bs4_npu'), half, 1e-4)
    expect(readFileSync(join(folder(), 'aasist_bs1.om.json'), 'utf8')).to.include(
      '--optypelist_for_implmode=Sigmoid',
    )
  })
})
