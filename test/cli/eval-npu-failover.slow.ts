/** Clips whose NPU breaks down or does not answer: where they go, and what is written down about it. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { tinyModel } from '../scoring/support'
import { demoModel, readJson } from '../support/golden'
import { atc } from '../support/native'
import { npuBench } from './npu-bench'
import { aasist, expectFailure, expectSuccess } from './support'

interface Event {
  readonly event: string
  readonly utterance?: string
  readonly code?: string
  readonly failures?: readonly { readonly device: { readonly id: number }; readonly code: string }[]
  readonly scoredOn?: { readonly kind: string; readonly id?: number } | null
}

interface Metrics {
  readonly warnings: readonly string[]
  readonly provenance: {
    readonly failedOver: number
    readonly devices: readonly { readonly kind: string; readonly id?: number; readonly scored: number }[]
  }
}

describe('aasist eval, when an NPU', () => {
  const bench = npuBench()
  const clipCount = 37
  const evaluate = (out: string, model: string, faults: string, ...more: string[]) =>
    aasist(
      ['eval', '--model', model, '--data', demoModel.corpus, '--out', join(bench.folder(), out), ...more],
      {
        env: {
          ...bench.environment(),
          PATH: `${dirname(atc)}:${process.env['PATH'] ?? ''}`,
          AASIST_CACHE: join(bench.folder(), 'cache'),
          ACL_SIM_FAULTS: faults,
          // Weights as they are, so that the CPU's scores can be compared.
          ACL_SIM_PRECISION: 'origin',
        },
        timeoutSeconds: 100,
      },
    )
  const scoresIn = (out: string): string[] =>
    readFileSync(join(bench.folder(), out, 'eval_scores.txt'), 'utf8')
      .trimEnd()
      .split('\n')
  const clipEvents = (out: string): Event[] =>
    readFileSync(join(bench.folder(), out, 'run.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Event)
      .filter(({ event }) => event === 'clip-failover')
  const metricsIn = (out: string): Metrics => readJson(bench.folder(), out, 'metrics.json') as Metrics
  const scoredIn = (out: string): number =>
    metricsIn(out).provenance.devices.reduce((sum, { scored }) => sum + scored, 0)
  /** What no fault disturbs. */
  let calm: Promise<string[]> | undefined
  const undisturbed = (): Promise<string[]> =>
    (calm ??= (async () => {
      expectSuccess(await evaluate('calm', tinyModel.checkpoint, '', '--device', '0,1'))
      return scoresIn('calm')
    })())
  const expectClose = (found: readonly string[], expected: readonly string[]): void => {
    expect(found.map(line => line.split(' ')[0])).to.deep.equal(expected.map(line => line.split(' ')[0]))
    for (const [index, line] of found.entries()) {
      const [one, other] = [line, expected[index]!].map(text => Number(text.split(' ').at(-1)))
      expect(one).to.be.closeTo(other!, 1e-5)
    }
  }

  const failures: readonly [what: string, faults: string, code: string, more: readonly string[]][] = [
    ['breaks down', 'task:507018@5', 'ACL_DEVICE_FAULT', []],
    ['does not answer', 'task:hang@5', 'RUN_TIMEOUT', ['--timeout', '2']],
  ]
  for (const [what, faults, code, more] of failures) {
    it(`${what}, scores the clip on another one, with equal bytes`, async function () {
      this.timeout(120_000)
      const expected = await undisturbed()
      const ended = await evaluate(code, tinyModel.checkpoint, faults, '--device', '0,1', ...more)
      expectSuccess(ended)
      expect(ended.stderr).to.match(/1 clip failed on a device and went to another one: .*run\.jsonl/)
      expect(scoresIn(code)).to.deep.equal(expected)
      const [event, ...others] = clipEvents(code)
      expect(others).to.deep.equal([])
      expect(event).to.include({ code })
      expect(expected.map(line => line.split(' ')[0])).to.include(event!.utterance)
      expect(event!.failures).to.have.length(1)
      const [failure] = event!.failures!
      expect(failure!.code).to.equal(code)
      expect([failure!.device.id, event!.scoredOn!.id].sort()).to.deep.equal([0, 1])
      expect(metricsIn(code).provenance.failedOver).to.equal(1)
      expect(scoredIn(code)).to.equal(clipCount)
    })
  }

  it('is the only one and does not answer, scores the clip on the CPU, and says so', async function () {
    this.timeout(120_000)
    const ended = await evaluate(
      'one',
      tinyModel.checkpoint,
      'task:hang@5',
      '--device',
      '1',
      '--timeout',
      '2',
    )
    expectSuccess(ended)
    expectClose(scoresIn('one'), await undisturbed())
    const [event, ...others] = clipEvents('one')
    expect(others).to.deep.equal([])
    expect(event).to.include({ code: 'RUN_TIMEOUT' })
    expect(event!.failures!.map(({ device }) => device.id)).to.deep.equal([1])
    expect(event!.scoredOn!.kind).to.equal('cpu')
    const { warnings, provenance } = metricsIn('one')
    expect(warnings.join()).to.match(/1 clip\(s\) were scored on the CPU after NPUs had failed/)
    expect(provenance.devices.map(({ kind, scored }) => [kind, scored])).to.deep.equal([
      ['cpu', 1],
      ['npu', clipCount - 1],
    ])
  })

  it('breaks down like all others for ever, leaves the rest to the CPU: no clip is lost, none scored twice', async function () {
    this.timeout(120_000)
    expectSuccess(await evaluate('gone', tinyModel.checkpoint, 'task:507018@5-', '--device', '0,1'))
    expectClose(scoresIn('gone'), await undisturbed())
    const events = clipEvents('gone')
    const onCpu = metricsIn('gone').provenance.devices.find(({ kind }) => kind === 'cpu')!.scored
    expect(onCpu).to.be.at.least(clipCount - 10)
    expect(events).to.have.length(onCpu)
    expect(new Set(events.map(({ utterance }) => utterance)).size).to.equal(events.length)
    for (const { scoredOn, failures: failed } of events) {
      expect(scoredOn!.kind).to.equal('cpu')
      expect(failed).to.not.deep.equal([])
    }
    // The first that failed tried both.
    expect(events[0]!.failures!.map(({ device }) => device.id).sort()).to.deep.equal([0, 1])
    expect(scoredIn('gone')).to.equal(clipCount)
  })

  it('breaks down and there is only an offline model, fails those clips that no other NPU can do', async function () {
    this.timeout(120_000)
    const { om } = await bench.convert(tinyModel.checkpoint, tinyModel.config)
    const out = 'om only'
    const ended = await evaluate(out, om, 'task:507018@5-6', '--device', '0', '--sessions', '1')
    expectFailure(ended, 1, 'ACL_DEVICE_FAULT')
    expect(scoresIn(out)).to.have.length(clipCount - 1)
    const [event, ...others] = clipEvents(out)
    expect(others).to.deep.equal([])
    expect(event).to.deep.include({ code: 'ACL_DEVICE_FAULT', scoredOn: null })
    expect(event!.failures!.map(({ device }) => device.id)).to.deep.equal([0, 0])
    expectSuccess(await evaluate(out, om, '', '--device', '1'))
    expect(scoresIn(out)).to.have.length(clipCount)
  })
})
