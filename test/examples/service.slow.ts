/** examples/service: its interface, its limits, and how it ends. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { demoClips, demoGolden, speechWav } from '../scoring/support'
import {
  codeOf,
  form,
  installService,
  rootManifest,
  Service,
  serviceManifest,
  type Answer,
  type Failure,
} from './service-process'

interface ScoreBody {
  readonly score: number
  readonly decision: string | null
  readonly threshold: number | null
  readonly durationSeconds: number
  readonly device: { readonly kind: string }
  readonly warnings: readonly Failure[]
  readonly windows: readonly { readonly startSeconds: number; readonly endSeconds: number }[] | null
}

const limits = { MAX_BYTES: '200000', MAX_SECONDS: '5', MAX_REQUESTS: '2' }
const indexOfClip = demoGolden.findIndex(({ samples }) => samples > 3 * 16_000 && samples < 5 * 16_000)
const longer = demoGolden.findIndex(({ samples }) => samples > 6 * 16_000)
const clip = readFileSync(demoClips[indexOfClip]!)
const longClip = readFileSync(demoClips[longer]!)
const json = { 'content-type': 'application/json' }

const scoreOf = ({ status, body }: Answer): ScoreBody => {
  expect(status, JSON.stringify(body)).to.equal(200)
  return body as ScoreBody
}

const expectRefusal = (answer: Answer, status: number, code: string): void => {
  expect([answer.status, codeOf(answer)], JSON.stringify(answer.body)).to.deep.equal([status, code])
  expect(Object.keys(answer.body as Failure)).to.deep.equal(['code', 'message'])
}

describe('examples/service', function () {
  this.timeout(120_000)
  let folder: string
  const services: Service[] = []
  const start = (environment: NodeJS.ProcessEnv): Service => {
    const service = new Service(folder, environment)
    services.push(service)
    return service
  }
  const startReady = async (environment: NodeJS.ProcessEnv): Promise<Service> => {
    const service = start(environment)
    await service.ready()
    return service
  }
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-service-'))
    installService(folder)
  })
  after(async () => {
    for (const { running } of services) running.kill('SIGKILL')
    await Promise.all(services.map(({ running }) => running.ended))
    rmSync(folder, { recursive: true, force: true })
  })

  it('needs nothing that the tests of this repository have in another version', () => {
    const { 'aasist-ascend': library, ...others } = serviceManifest.dependencies
    expect(library).to.be.a('string')
    expect(rootManifest.devDependencies).to.include(others)
  })

  describe('interface', () => {
    let service: Service
    before(async () => {
      service = await startReady(limits)
    })
    after(() => service.end())

    it('scores a file of a form', async () => {
      const { score, decision, threshold, durationSeconds, device, warnings, windows } = scoreOf(
        await service.postFile(clip),
      )
      const { logits, samples } = demoGolden[indexOfClip]!
      expect(score).to.be.closeTo(logits[1], 1e-3)
      expect(decision).to.equal(score >= threshold! ? 'bonafide' : 'spoof')
      expect(durationSeconds).to.equal(samples / 16_000)
      expect(device.kind).to.equal('cpu')
      expect(warnings.map(({ code }) => code)).to.deep.equal(['MODEL_NOTICE'])
      expect(windows).to.equal(null)
    })

    it('scores base64 in JSON the same', async () => {
      const answer = await service.postJson({ audio: clip.toString('base64') })
      expect(scoreOf(answer).score).to.equal(scoreOf(await service.postFile(clip)).score)
    })

    it('tells the scores of windows where they are asked for', async () => {
      const { windows, durationSeconds } = scoreOf(await service.postFile(clip, '/v1/score?hopSeconds=0.5'))
      expect(windows?.[0]?.startSeconds).to.equal(0)
      expect(windows?.at(-1)?.endSeconds).to.be.at.most(durationSeconds)
    })

    for (const hop of ['0', '-1', 'fast', '', '1&hopSeconds=2', '1e9']) {
      it(`refuses windows every "${hop}" seconds`, async () => {
        expectRefusal(await service.postFile(clip, `/v1/score?hopSeconds=${hop}`), 400, 'QUERY_INVALID')
      })
    }

    const audio = clip.toString('base64')
    const field = (name: string, value: string): string =>
      `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--x--\r\n`
    const bodies: readonly [
      what: string,
      type: string,
      body: string | Buffer,
      status: number,
      code: string,
    ][] = [
      ['no JSON', 'application/json', '{', 400, 'BODY_INVALID'],
      ['nothing', 'application/json', '', 400, 'BODY_INVALID'],
      ['null', 'application/json', 'null', 400, 'BODY_INVALID'],
      ['a path', 'application/json', '{"path":"/etc/passwd"}', 400, 'BODY_INVALID'],
      ['a number', 'application/json', '{"audio":1}', 400, 'BODY_INVALID'],
      [
        'an address beside the audio',
        'application/json',
        JSON.stringify({ audio, url: 'x' }),
        400,
        'BODY_INVALID',
      ],
      ['base64 with a gap', 'application/json', JSON.stringify({ audio: ` ${audio}` }), 400, 'BODY_INVALID'],
      ['base64 without its end', 'application/json', JSON.stringify({ audio: 'AAA' }), 400, 'BODY_INVALID'],
      ['no audio', 'application/json', '{"audio":""}', 422, 'AUDIO_EMPTY'],
      ['plain text', 'text/plain', 'audio', 415, 'MEDIA_TYPE'],
      ['a form without a file', 'multipart/form-data; boundary=x', '--x--\r\n', 400, 'BODY_INVALID'],
      ['a form without a boundary', 'multipart/form-data', 'x', 400, 'BODY_INVALID'],
      ['a form with an address', 'multipart/form-data; boundary=x', field('url', 'x'), 400, 'BODY_INVALID'],
      ['half a form', form(clip).type, form(clip).body.subarray(0, 500), 400, 'BODY_INVALID'],
      ['a page', form(clip).type, form(Buffer.from('<html></html>')).body, 415, 'AUDIO_UNSUPPORTED'],
      ['half a recording', form(clip).type, form(clip.subarray(0, 9000)).body, 422, 'AUDIO_TRUNCATED'],
      [
        'a recording without samples',
        form(clip).type,
        form(speechWav({ seconds: 0 })).body,
        422,
        'AUDIO_EMPTY',
      ],
    ]
    for (const [what, type, body, status, code] of bodies) {
      it(`refuses ${what} with ${status} ${code}`, async () => {
        expectRefusal(await service.send('POST', '/v1/score', { 'content-type': type }, body), status, code)
      })
    }

    it('refuses larger files than MAX_BYTES, before and while they are read', async () => {
      const large = Buffer.alloc(200_001)
      const refused = await service.postFile(large)
      expectRefusal(refused, 413, 'BODY_TOO_LARGE')
      expect((refused.body as Failure).message).to.equal('at most 200000 bytes of audio are taken')
      expectRefusal(await service.postJson({ audio: large.toString('base64') }), 413, 'BODY_TOO_LARGE')
      const announced = { ...json, 'content-length': '100000000' }
      const { answer, outgoing } = service.open('POST', '/v1/score', announced)
      outgoing.flushHeaders()
      expectRefusal(await answer, 413, 'BODY_TOO_LARGE')
      outgoing.destroy()
      const chunked = { 'content-type': form(large).type, 'transfer-encoding': 'chunked' }
      expectRefusal(
        await service.send('POST', '/v1/score', chunked, form(Buffer.alloc(300_000)).body),
        413,
        'BODY_TOO_LARGE',
      )
    })

    it('refuses longer recordings than MAX_SECONDS', async () => {
      expectRefusal(await service.postFile(speechWav({ seconds: 6 })), 413, 'AUDIO_TOO_LARGE')
      expectRefusal(await service.postFile(longClip), 413, 'AUDIO_TOO_LARGE')
    })

    it('refuses them also where the header does not tell their length', async () => {
      const silentAboutIt = Buffer.from(longClip)
      silentAboutIt[21]! &= 0xf0
      silentAboutIt.fill(0, 22, 26)
      expectRefusal(await service.postFile(silentAboutIt), 413, 'AUDIO_TOO_LARGE')
    })

    it('refuses pages of other sites', async () => {
      const { type, body } = form(clip)
      const headers = { 'content-type': type, 'sec-fetch-site': 'cross-site' }
      expectRefusal(await service.send('POST', '/v1/score', headers, body), 403, 'CROSS_SITE')
    })

    it('says what there is where a path or method is wrong', async () => {
      expectRefusal(await service.get('/../../etc/passwd'), 404, 'NOT_FOUND')
      expectRefusal(await service.get('/package.json'), 404, 'NOT_FOUND')
      const wrong = await service.send('DELETE', '/v1/score', {})
      expectRefusal(wrong, 405, 'METHOD_NOT_ALLOWED')
      expect(wrong.headers['allow']).to.equal('POST')
      const written = await service.send('POST', '/healthz', { 'content-type': 'text/plain' }, 'well?')
      expectRefusal(written, 405, 'METHOD_NOT_ALLOWED')
      expect(written.headers['allow']).to.equal('GET, HEAD')
    })

    it('answers 429 to more than MAX_REQUESTS at once, before their bodies, and takes the next when one is done', async () => {
      const { type, body } = form(clip)
      const headers = { 'content-type': type, 'content-length': String(body.length) }
      const held = [1, 2].map(() => service.open('POST', '/v1/score', headers))
      for (const { outgoing } of held) outgoing.write(body.subarray(0, 1000))
      await service.untilFigure('aasist_requests_accepted', value => value === 2)
      const refused = await service.postFile(clip)
      expectRefusal(refused, 429, 'BUSY')
      expect(Number(refused.headers['retry-after'])).to.be.at.least(1)
      for (const { outgoing } of held) outgoing.end(body.subarray(1000))
      for (const { answer } of held) scoreOf(await answer)
      scoreOf(await service.postFile(clip))
    })

    it('gives the place of an upload that breaks off to others', async () => {
      const { type, body } = form(clip)
      const before = await service.figures()
      const broken = [1, 2].map(() => service.open('POST', '/v1/score', { 'content-type': type }))
      for (const { outgoing } of broken) outgoing.write(body.subarray(0, 1000))
      await service.untilFigure('aasist_requests_accepted', value => value === 2)
      for (const { outgoing } of broken) outgoing.destroy()
      await service.untilFigure('aasist_requests_accepted', value => value === 0)
      const aborted = 'aasist_request_seconds_count{route="/v1/score",status="aborted"}'
      expect((await service.figures()).get(aborted)).to.equal((before.get(aborted) ?? 0) + 2)
      scoreOf(await service.postFile(clip))
    })

    it('counts what it does', async () => {
      const before = await service.figures()
      const { durationSeconds } = scoreOf(await service.postFile(clip))
      await service.get('/nowhere')
      const after = await service.figures()
      const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0)
      expect(grown('aasist_request_seconds_count{route="/v1/score",status="200"}')).to.equal(1)
      expect(grown('aasist_audio_seconds_total')).to.be.closeTo(durationSeconds, 1e-6)
      expect(grown('aasist_refused_total{code="NOT_FOUND"}')).to.equal(1)
      expect(grown('aasist_runs_done')).to.equal(1)
    })

    it('has health, readiness and a description of itself', async () => {
      expect((await service.get('/healthz')).body).to.deep.equal({ status: 'ok' })
      expect((await service.get('/readyz')).body).to.deep.equal({ status: 'ready' })
      const { openapi, paths } = (await service.get('/openapi.json')).body as {
        openapi: string
        paths: Record<string, object>
      }
      expect(openapi).to.match(/^3\.1\./)
      for (const [path, item] of Object.entries(paths)) {
        if (!('get' in item)) continue
        expect((await service.get(path)).status, path).to.equal(200)
      }
    })

    it('listens on the loopback interface alone', async () => {
      const { port } = new URL(service.origin)
      const outcome = await new Promise<string>(resolve => {
        // All of 127/8 leads here, and only its first address is bound.
        const socket = connect(Number(port), '127.0.0.2')
        socket.on('connect', () => resolve('connected')).on('error', error => resolve(error.message))
      })
      expect(outcome).to.include('ECONNREFUSED')
    })
  })

  describe('a request whose client leaves', () => {
    it('is taken out of the queue', async () => {
      const service = await startReady({ SESSIONS: '1', MAX_REQUESTS: '40' })
      const { type, body } = form(clip)
      const opened = Array.from({ length: 40 }, () =>
        service.open('POST', '/v1/score', { 'content-type': type }),
      )
      for (const { outgoing } of opened) outgoing.end(body)
      await service.untilFigure('aasist_runs_done', value => value > 0)
      for (const { outgoing } of opened) outgoing.destroy()
      await service.untilFigure('aasist_requests_accepted', value => value === 0)
      scoreOf(await service.postFile(clip))
      const figures = await service.figures()
      expect(figures.get('aasist_runs_queued')).to.equal(0)
      expect(figures.get('aasist_runs_done')).to.be.below(40)
      await service.end()
    })
  })

  describe('its end', () => {
    it('answers every accepted request', async () => {
      const service = await startReady({ SESSIONS: '1', MAX_REQUESTS: '13' })
      const { type, body } = form(clip)
      const headers = { 'content-type': type, 'content-length': String(body.length) }
      const half = service.open('POST', '/v1/score', headers)
      half.outgoing.write(body.subarray(0, 1000))
      const whole = Array.from({ length: 12 }, () => service.postFile(clip))
      await service.untilFigure('aasist_requests_accepted', value => value === 13)
      service.running.kill('SIGTERM')
      await service.until(
        () => Promise.resolve(service.running.stdout.includes('SIGTERM: ending')),
        'the signal to be heard',
      )
      half.outgoing.end(body.subarray(1000))
      for (const answer of [half.answer, ...whole]) {
        expect(scoreOf(await answer).score).to.be.closeTo(demoGolden[indexOfClip]!.logits[1], 1e-3)
      }
      expect((await half.answer).headers['connection']).to.equal('close')
      expect((await service.running.ended).status).to.equal(0)
      expect(service.running.stdout).to.include('"msg":"ended"')
    })

    it('is announced while DRAIN_SECONDS last, and requests are still served then', async () => {
      const service = await startReady({ DRAIN_SECONDS: '600' })
      service.running.kill('SIGTERM')
      await service.until(async () => (await service.get('/readyz')).status === 503, 'readyz to say so')
      expect((await service.get('/readyz')).body).to.deep.equal({ status: 'leaving' })
      expect((await service.get('/healthz')).status).to.equal(200)
      scoreOf(await service.postFile(clip))
      service.running.kill('SIGTERM')
      expect((await service.running.ended).status).to.equal(143)
    })

    it('comes after SHUTDOWN_SECONDS at the latest, with an exit code that tells', async () => {
      const service = await startReady({ SHUTDOWN_SECONDS: '1' })
      const { answer, outgoing } = service.open('POST', '/v1/score', { ...json, 'content-length': '1000' })
      outgoing.write('{')
      await service.untilFigure('aasist_requests_accepted', value => value === 1)
      service.running.kill('SIGTERM')
      expect((await service.running.ended).status).to.equal(1)
      expect(await answer.catch(errorCode)).to.equal('ECONNRESET')
    })

    it('may come while the model is being loaded', async () => {
      const service = start({})
      await service.listening()
      await service.end()
    })
  })

  describe('its beginning', () => {
    it('refuses settings that make no sense, and says which', async () => {
      const { stderr, status } = await start({ MAX_BYTES: 'lots' }).running.ended
      expect(status).to.equal(2)
      expect(stderr).to.match(/^MAX_BYTES is "lots"; expected a whole number from 1 to \d+\n$/)
    })

    it('ends with the reason when the model cannot be loaded', async () => {
      const { stdout, status } = await start({ MODEL: join(folder, 'nothing.pth') }).running.ended
      expect(status).to.equal(1)
      expect(stdout).to.include('MODEL_NOT_FOUND')
    })
  })
})
