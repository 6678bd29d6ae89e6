/** docs/observability.md as programs: each block is the file that its first line names. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { channels } from '../../lib'
import { warningGuides } from '../../lib/cli/code-guide'
import { speechWav, tinyModel } from '../scoring/support'
import { root } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'

const page = readFileSync(join(root, 'docs', 'observability.md'), 'utf8')
const blocks = new Map(
  [...page.matchAll(/^```js\n\/\/ (\S+\.js)\n([\s\S]*?)^```$/gm)].map(([, name, code]) => [name!, code!]),
)

describe('docs/observability.md', () => {
  const folder = scratchFolder()

  /** Runs `program` beside the page's files, where the packages they name are installed; gives what it printed as JSON. */
  async function run(program: string): Promise<unknown> {
    const links: readonly [name: string, target: string][] = [
      ['aasist-ascend', root],
      ...['prom-client', '@opentelemetry/api', '@opentelemetry/sdk-trace-base'].map(
        (name): [string, string] => [name, join(root, 'node_modules', name)],
      ),
    ]
    for (const [name, target] of links) {
      const link = join(folder(), 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(target, link)
    }
    for (const [name, code] of blocks) writeFileSync(join(folder(), name), code)
    writeFileSync(join(folder(), 'clip.wav'), speechWav())
    const main = `
      const { Detector } = require('aasist-ascend')
      const model = ${JSON.stringify(tinyModel.checkpoint)}
      async function scoreAll(detector) {
        await detector.score('clip.wav')
        await detector.score('clip.wav')
        await detector.score('missing.wav').catch(() => undefined)
      }
      async function main() {${program}}
      main().then(result => process.stdout.write(JSON.stringify(result)))`
    writeFileSync(join(folder(), 'main.js'), main)
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['main.js'], { cwd: folder() })
    expect(stderr).to.equal('')
    return JSON.parse(stdout) as unknown
  }

  it('names every channel and every code of the log', () => {
    for (const [key, name] of Object.entries(channels))
      expect(page).to.match(new RegExp(`^\\| \`${key}\` +\\| \`${name}\` `, 'm'))
    for (const code of Object.keys(warningGuides)) expect(page).to.include(`\`${code}\``)
  })

  it('watch.js reports clips that failed', async () => {
    const reported = await run(`
      const reports = []
      require('./watch').watchSlowClips(report => reports.push(report))
      await withDetector(scoreAll)
      return reports.filter(({ code }) => code !== undefined)
      async function withDetector(work) {
        const detector = await Detector.load({ model, sessions: 1 })
        await work(detector)
        await detector.release()
      }`)
    expect(reported).to.deep.equal([
      { file: 'missing.wav', preparationMs: 0, inferenceMs: 0, code: 'AUDIO_NOT_FOUND' },
    ])
  })

  it('log.js hands over level, fields and sentence', async () => {
    const lines = (await run(`
      const lines = []
      const logger = { warn: (...args) => lines.push(['warn', ...args]), error: (...args) => lines.push(['error', ...args]) }
      require('./log').logWith(logger)
      const detector = await Detector.load({ model, sessions: 1 })
      await detector.score({ samples: new Float32Array(32000), sampleRateHz: 16000 })
      await detector.release()
      return lines`)) as readonly (readonly unknown[])[]
    expect(lines).to.have.length(1)
    expect(lines[0]!.slice(0, 2)).to.deep.equal(['warn', { code: 'AUDIO_SILENT' }])
    expect(lines[0]![2]).to.be.a('string')
  })

  it('metrics.js gives Prometheus the figures of stats(), and a histogram of clips by code', async () => {
    const { text, stats } = (await run(`
      const { register } = require('prom-client')
      const { exportStats, exportClips } = require('./metrics')
      const detector = await Detector.load({ model, sessions: 1 })
      exportStats(detector)
      exportClips()
      await scoreAll(detector)
      await register.metrics()
      const text = await register.metrics()
      const stats = detector.stats()
      await detector.release()
      return { text, stats }`)) as { text: string; stats: { latencyMs: { p95: number } } }
    const value = (series: string): number => {
      const line = text.split('\n').find(each => each.startsWith(`${series} `))
      return line === undefined ? NaN : Number(line.slice(series.length))
    }
    expect(value('aasist_done_total')).to.equal(2)
    expect(value('aasist_failed_total')).to.equal(0)
    expect(value('aasist_sessions')).to.equal(1)
    expect(value('aasist_queued')).to.equal(0)
    expect(value('aasist_stage_seconds{stage="latency",quantile="0.95"}')).to.equal(
      stats.latencyMs.p95 / 1000,
    )
    expect(value('aasist_stage_seconds{stage="clip",quantile="0.5"}')).to.be.above(0)
    expect(value('aasist_clip_seconds_count{code="OK"}')).to.equal(2)
    expect(value('aasist_clip_seconds_count{code="AUDIO_NOT_FOUND"}')).to.equal(1)
  })

  it("tracing.js makes spans, each inside of the one that called it, below the application's own", async () => {
    const spans = (await run(`
      const { AsyncLocalStorage } = require('node:async_hooks')
      const { context, ROOT_CONTEXT, trace } = require('@opentelemetry/api')
      const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
      const exporter = new InMemorySpanExporter()
      const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
      trace.setGlobalTracerProvider(provider)
      const active = new AsyncLocalStorage()
      const manager = {
        active: () => active.getStore() ?? ROOT_CONTEXT,
        with: (value, work, self, ...args) => active.run(value, () => work.call(self, ...args)),
        bind: (value, target) => target,
        enable() { return this },
        disable() { return this },
      }
      context.setGlobalContextManager(manager)
      require('./tracing').traceCalls()
      const detector = await Detector.load({ model, sessions: 1 })
      const tracer = trace.getTracer('application')
      const request = name => tracer.startActiveSpan(name, async span => {
        await detector.score(name).catch(() => undefined)
        span.end()
      })
      await Promise.all(['clip.wav', 'missing.wav', './clip.wav', '././clip.wav'].map(request))
      await detector.release()
      return exporter.getFinishedSpans().map(span => ({
        name: span.name,
        id: span.spanContext().spanId,
        parent: span.parentSpanContext?.spanId,
        attributes: span.attributes,
        status: span.status,
        events: span.events.map(({ name }) => name),
      }))`)) as readonly {
      name: string
      id: string
      parent?: string
      attributes: Readonly<Record<string, unknown>>
      status: { code: number; message?: string }
      events: readonly string[]
    }[]
    const insideOf = (id: string) => spans.filter(({ parent }) => parent === id)
    const chain = ['aasist-ascend.detector.score', 'aasist-ascend.pool.run', 'aasist-ascend.session.run']
    for (const request of spans.filter(({ name }) => name.endsWith('clip.wav'))) {
      expect(request.parent).to.equal(undefined)
      let outer = request
      for (const name of chain) {
        const inner = insideOf(outer.id)
        expect(inner.map(span => span.name)).to.deep.equal([name])
        outer = inner[0]!
        expect(outer.attributes).to.include({ 'aasist.device': 'cpu' })
        expect(outer.status.code).to.equal(0)
      }
      expect(outer.attributes).to.include({ 'aasist.batch': 1 })
      expect(outer.attributes['aasist.executingMs']).to.be.above(0)
    }
    const missing = spans.find(({ name }) => name === 'missing.wav')!
    const [failed, ...more] = insideOf(missing.id)
    expect(more).to.deep.equal([])
    expect(failed).to.deep.include({
      status: { code: 2, message: 'AUDIO_NOT_FOUND' },
      attributes: { 'error.type': 'AUDIO_NOT_FOUND' },
      events: ['exception'],
    })
    expect(spans).to.have.length(4 + 3 * chain.length + 1)
  })
})
