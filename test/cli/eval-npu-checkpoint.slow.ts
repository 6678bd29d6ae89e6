/** Checkpoints and ONNX models straight to NPUs, and what `auto` makes of a machine, on the simulator. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { demoLines, filesIn, tinyModel, writeCorpus } from '../scoring/support'
import { demoModel, readJson } from '../support/golden'
import { atc } from '../support/native'
import { npuBench } from './npu-bench'
import { aasist, expectFailure, expectSuccess, shell, startAasist } from './support'

interface Provenance {
  readonly device: string
  readonly whyNotNpu: string | null
  readonly scoredEarlier: number
  readonly model: {
    readonly format: string
    readonly sha256: string
    readonly conversion: object | null
    readonly offline: {
      readonly path: string
      readonly origin: string
      readonly soc: string
      readonly socSource: string
      readonly target: string | null
      readonly commands: readonly string[]
    } | null
  }
}

const clip = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')
const scoresOf = (text: string): number[] =>
  text
    .trimEnd()
    .split('\n')
    .map(line => Number(line.split(' ').at(-1)))

describe('a model that is not compiled yet', () => {
  const bench = npuBench()
  const withAtc = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...bench.environment(),
    PATH: `${dirname(atc)}:${process.env['PATH'] ?? ''}`,
    AASIST_CACHE: join(bench.folder(), 'cache'),
    // Weights as they are, so that scores can be compared.
    ACL_SIM_PRECISION: 'origin',
    ...more,
  })
  const evalTo = (out: string, model: string, ...more: string[]): string[] => [
    ...['eval', '--model', model, '--data', demoModel.corpus, '--out', join(bench.folder(), out)],
    ...more,
  ]
  const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    aasist(args, { env: withAtc(more), timeoutSeconds: 100 })
  const scoresIn = (out: string): string => readFileSync(join(bench.folder(), out, 'eval_scores.txt'), 'utf8')
  const provenanceIn = (out: string): Provenance =>
    (readJson(bench.folder(), out, 'metrics.json') as { provenance: Provenance }).provenance
  const tiny = tinyModel.checkpoint
  /** A PATH on which that is atc. */
  const ownAtc = (name: string, lines: readonly string[]): string => {
    const folder = join(bench.folder(), name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'atc'), ['#!/bin/bash', ...lines, ''].join('\n'), { mode: 0o755 })
    return `${folder}:${process.env['PATH'] ?? ''}`
  }

  it('goes from the checkpoint to every NPU, once compiled and then from the cache', async function () {
    this.timeout(120_000)
    const made = await run(evalTo('made', tiny, '--device', 'npu'))
    expectSuccess(made)
    expect(made.stderr)
      .to.match(/compiling for NPUs with atc, once \(target npu\)/)
      .and.match(/offline model for Ascend310P3 \(says AscendCL .*, compiled: /)
    const { device, model } = provenanceIn('made')
    expect(device).to.equal('npu 0, 1 (Ascend310P3)')
    expect(model.format).to.equal('checkpoint')
    expect(model.conversion).to.deep.equal({ batch: 1, target: 'npu' })
    expect(model.offline).to.include({ origin: 'made', soc: 'Ascend310P3', target: 'npu' })
    expect(model.offline!.path.startsWith(join(bench.folder(), 'cache'))).to.equal(true)
    const cached = await run(evalTo('cached', tiny, '--device', '1'))
    expectSuccess(cached)
    expect(cached.stderr)
      .to.match(/from the cache: /)
      .and.not.match(/compiling/)
    expect(provenanceIn('cached').model.offline).to.deep.equal({ ...model.offline!, origin: 'cache' })
    expect(scoresIn('cached')).to.equal(scoresIn('made'))
    expect(readJson(bench.folder(), 'cached', 'manifest.json')).to.deep.equal(
      readJson(bench.folder(), 'made', 'manifest.json'),
    )
    expectSuccess(await run(evalTo('cpu', tiny, '--device', 'cpu')))
    for (const [index, score] of scoresOf(scoresIn('made')).entries()) {
      expect(score).to.be.closeTo(scoresOf(scoresIn('cpu'))[index]!, 1e-5)
    }
  })

  it('is compiled with the precision that was asked for, each kept for itself', async function () {
    this.timeout(120_000)
    const env = { ACL_SIM_PRECISION: '' }
    const origin = ['--device', 'npu', '--precision-mode-v2', 'origin']
    expectSuccess(await run(evalTo('half', tiny, '--device', 'npu'), env))
    expectSuccess(await run(evalTo('origin', tiny, ...origin), env))
    expectSuccess(await run(evalTo('on-cpu', tiny, '--device', 'cpu'), env))
    const [half, exact, cpu] = ['half', 'origin', 'on-cpu'].map(out => scoresOf(scoresIn(out)))
    const offBy = (scores: readonly number[]): number =>
      Math.max(...scores.map((score, index) => Math.abs(score - cpu![index]!)))
    expect(offBy(exact!)).to.be.below(1e-5)
    expect(offBy(half!)).to.be.above(1e-4)
    const { offline } = provenanceIn('origin').model
    expect(offline!.path).to.not.equal(provenanceIn('half').model.offline!.path)
    expect(offline!.commands.at(-1)).to.include(' --precision_mode_v2=origin')
    const again = await run(['score', '--json', '--model', tiny, ...origin, clip], env)
    expectSuccess(again)
    expect(again.stderr).to.match(/from the cache: /)
    const other = await run(evalTo('half', tiny, ...origin), env)
    expectFailure(other, 1, 'OUTPUT_EXISTS')
  })

  it('records the commands that make the same offline model by hand', async function () {
    this.timeout(120_000)
    expectSuccess(await run(evalTo('straight', tiny, '--device', 'npu')))
    const { commands } = provenanceIn('straight').model.offline!
    expect(commands).to.have.length(2)
    const place = join(bench.folder(), 'by hand')
    const line = commands.join(' && ').replace('aasist convert', '$AASIST convert')
    expectSuccess(await shell(`mkdir '${place}' && cd '${place}' && ${line}`, { env: withAtc() }))
    expectSuccess(await run(evalTo('hand', join(place, 'model.om'), '--device', 'npu')))
    expect(scoresIn('hand')).to.equal(scoresIn('straight'))
  })

  it('as ONNX is rewritten for NPUs where it can be, and says so', async function () {
    this.timeout(120_000)
    const onnx = join(bench.folder(), 'plain.onnx')
    const options = ['--checkpoint', tiny, '--config', tinyModel.config, '--out', onnx]
    expectSuccess(await run(['convert', ...options]))
    const ended = await run(['score', '--json', '--model', onnx, '--device', 'npu', clip])
    expectSuccess(ended)
    expect(ended.stderr).to.match(/compiling for NPUs with atc, once \(target npu\)/)
    const { score, device } = JSON.parse(ended.stdout) as { score: number; device: { kind: string } }
    expect(device.kind).to.equal('npu')
    expectSuccess(await run(evalTo('for-onnx', tiny, '--device', 'cpu')))
    expect(score).to.be.closeTo(scoresOf(scoresIn('for-onnx'))[0]!, 1e-5)
  })

  it('that atc refuses is an error with its reason on npu, and goes to the CPU with auto', async function () {
    this.timeout(60_000)
    const refusing = ownAtc('refusing', [
      'echo "E10001: Value [x] for parameter [--y] is invalid."',
      'exit 255',
    ])
    const env = { PATH: refusing, AASIST_CACHE: join(bench.folder(), 'failing') }
    const ended = await run(['score', '--model', tiny, '--device', 'npu', clip], env)
    expectFailure(ended, 1, 'ATC_FAILED')
    expect(ended.stderr).to.match(/E10001/)
    expect(readdirSync(join(env.AASIST_CACHE, 'entries'))).to.deep.equal([])
    const auto = await run(['score', '--json', '--model', tiny, clip], env)
    expectSuccess(auto)
    expect(auto.stderr).to.match(/^on the CPU: .*E10001.*\(ATC_FAILED\)$/m)
    expect(JSON.parse(auto.stdout)).to.have.nested.property('device.kind', 'cpu')
  })

  it('with auto goes to the NPUs where there are some and atc', async function () {
    this.timeout(60_000)
    const ended = await run(['score', '--json', '--model', tiny, clip])
    expectSuccess(ended)
    expect(JSON.parse(ended.stdout)).to.have.nested.property('device.kind', 'npu')
  })

  it('with auto goes to the CPU without an NPU or atc, and metrics.json says why', async function () {
    this.timeout(60_000)
    const ended = await run(evalTo('no-npu', tiny), { ACL_SIM_DEVICES: '0' })
    expectSuccess(ended)
    expect(ended.stderr).to.match(/^on the CPU: AscendCL .* finds no NPU.*\(ACL_NO_DEVICE\)$/m)
    expect(provenanceIn('no-npu').device).to.match(/^cpu/)
    expect(provenanceIn('no-npu').whyNotNpu).to.match(/ACL_NO_DEVICE/)
    const without = await aasist(evalTo('no-atc', tiny), { env: bench.environment() })
    expectSuccess(without)
    expect(without.stderr).to.not.match(/on the CPU/)
    expect(provenanceIn('no-atc').whyNotNpu).to.match(/no atc .*\(TOOL_NOT_FOUND\)/)
    expectSuccess(await run(evalTo('asked-for', tiny, '--device', 'cpu')))
    expect(provenanceIn('asked-for').whyNotNpu).to.equal(null)
  })

  for (const [what, fault, says] of [
    [
      'AscendCL does not start',
      'aclInit:500000',
      /^on the CPU: .*aclInit failed with 500000.*\(ACL_RUNTIME\)$/m,
    ],
    ['no device can be opened', 'aclrtSetDevice:507033', /^on the CPU: .*\(ACL_[A-Z_]+\)$/m],
  ] as const) {
    it(`with auto goes to the CPU where ${what}, with the reason, and fails with npu`, async function () {
      this.timeout(60_000)
      const env = { ACL_SIM_FAULTS: fault }
      const [auto, npu] = await Promise.all([
        run(['score', '--json', '--model', tiny, clip], env),
        run(['score', '--json', '--model', tiny, '--device', 'npu', clip], env),
      ])
      expectSuccess(auto)
      expect(auto.stderr).to.match(says)
      expect(JSON.parse(auto.stdout)).to.have.nested.property('device.kind', 'cpu')
      expect([npu.status, npu.stdout]).to.deep.equal([1, ''])
    })
  }

  it('asked onto an NPU that is not there fails with what is missing', async () => {
    const ended = await run(['score', '--model', tiny, '--device', 'npu', clip], { ACL_SIM_DEVICES: '0' })
    expectFailure(ended, 1, 'ACL_NO_DEVICE')
  })

  it('is scored on after a kill, with the bytes of an uninterrupted run', async function () {
    this.timeout(120_000)
    const lines = demoLines(300)
    const data = writeCorpus(join(bench.folder(), 'LA'), lines)
    const args = (out: string): string[] => [
      ...['eval', '--model', tiny, '--data', data, '--out', join(bench.folder(), out), '--device', '0,1'],
    ]
    const partial = join(bench.folder(), 'killed', 'eval_scores.partial.txt')
    const kept = (): number =>
      existsSync(partial) ? readFileSync(partial, 'latin1').split('\n').length - 1 : 0
    for (const least of [1, 80]) {
      const running = startAasist(args('killed'), { env: withAtc(), timeoutSeconds: 100 })
      const state = { isOver: false }
      void running.ended.then(() => (state.isOver = true))
      while (kept() < least && !state.isOver) await delay(5)
      running.kill('SIGKILL')
      expect((await running.ended).signal).to.equal('SIGKILL')
    }
    const last = await run(args('killed'))
    expectSuccess(last)
    expect(last.stderr).to.match(/\d+ scores taken over from earlier runs/)
    expectSuccess(await run(args('whole')))
    expect(scoresIn('killed')).to.equal(scoresIn('whole'))
    expect(scoresIn('killed').trimEnd().split('\n')).to.have.length(lines.length)
    expect(filesIn(join(bench.folder(), 'killed'))).to.deep.equal(filesIn(join(bench.folder(), 'whole')))
  })

  it('compiled while Ctrl-C is pressed leaves nothing half-made', async function () {
    this.timeout(60_000)
    const slow = ownAtc('slow', ['echo compiling', 'sleep 60'])
    const cache = join(bench.folder(), 'interrupted')
    const running = startAasist(['score', '--model', tiny, '--device', 'npu', clip], {
      env: withAtc({ PATH: slow, AASIST_CACHE: cache }),
    })
    while (!running.stderr.includes('atc: compiling')) await delay(20)
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.status).to.equal(130)
    expect(ended.seconds).to.be.below(30)
    expect(readdirSync(join(cache, 'entries'))).to.deep.equal([])
  })
})
