import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ModelError, errorCode } from '../../lib/errors'
import { convertCheckpoint } from '../../lib/model'
import { Detector } from '../../lib/scoring'
import { modelPath } from '../session/support'
import { requireTool, root } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'
import { demoClips, demoGolden, expectCode, speechWav, tinyModel } from './support'

async function refused(options: Parameters<typeof Detector.load>[0], code: string): Promise<string> {
  const error = await expectCode(Detector.load(options), code)
  expect(error).to.be.instanceOf(ModelError)
  return error.message
}

describe('models a detector takes', () => {
  it("are exports by PyTorch too, with its output names: golden scores of the demo's", async () => {
    const model = join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx')
    await using detector = await Detector.load({ model, sessions: 2 })
    expect(detector.batch).to.equal(1)
    expect(detector.windowSamples).to.equal(64_600)
    const few = demoGolden.slice(0, 6)
    const scores = await Promise.all(few.map((_, index) => detector.score(demoClips[index]!)))
    for (const [index, { utt, logits }] of few.entries()) {
      expect(scores[index]!.score, utt).to.be.closeTo(logits[1], 1e-4)
    }
    expect(detector.provenance).to.include({
      path: model,
      format: 'onnx',
      configSha256: null,
      conversion: null,
    })
  })

  it('are ONNX bytes and ONNX files of our own, with the same scores as the checkpoint', async () => {
    const options = [readFileSync(tinyModel.checkpoint), readFileSync(tinyModel.config, 'utf8')] as const
    await using plain = await Detector.load({ model: convertCheckpoint(...options), sessions: 1 })
    await using checkpoint = await Detector.load({ model: tinyModel.checkpoint, sessions: 1 })
    const expected = (await checkpoint.score(speechWav())).score
    expect((await plain.score(speechWav())).score).to.be.closeTo(expected, 1e-5)
    expect(plain.windowSamples).to.equal(tinyModel.windowSamples)
    expect(plain.config).to.equal(null)
    expect(checkpoint.config!.model.nbSamp).to.equal(tinyModel.windowSamples)
  })
})

describe('models a detector refuses', () => {
  const folder = scratchFolder()
  const file = (name: string, content: string | Uint8Array): string => {
    mkdirSync(folder(), { recursive: true })
    writeFileSync(join(folder(), name), content)
    return join(folder(), name)
  }

  for (const name of ['add', 'two-outputs', 'types', 'text', 'scalar', 'gather', 'slow'] as const) {
    it(`an ONNX model that is not AASIST (${name}) with MODEL_INVALID, naming file and reason`, async () => {
      const message = await refused({ model: modelPath(name), sessions: 1 }, 'MODEL_INVALID')
      expect(message).to.include(modelPath(name)).and.include('not an AASIST model')
    })
  }

  it('what is no model at all with MODEL_INVALID, naming the file', async () => {
    const notes = file('notes.onnx', 'buy milk')
    expect(await refused({ model: notes }, 'MODEL_INVALID')).to.include(notes)
    await refused({ model: file('empty.onnx', '') }, 'MODEL_INVALID')
    await refused({ model: new Uint8Array() }, 'MODEL_INVALID')
    await refused({ model: Buffer.from('buy milk') }, 'MODEL_INVALID')
  })

  it('an offline model on a CPU, by its name or its first bytes, with INVALID_ARGUMENT', async () => {
    for (const model of [
      file('aasist.om', 'anything'),
      file('aasist.bin', 'IMOD\0\0'),
      Buffer.from('IMOD\0\0'),
    ]) {
      const error: unknown = await Detector.load({ model, device: 'cpu' }).catch((reason: unknown) => reason)
      expect(errorCode(error)).to.equal('INVALID_ARGUMENT')
      expect((error as Error).message).to.match(/ONNX/)
    }
  })

  it('a file that is not there with MODEL_NOT_FOUND, and what is no file with MODEL_INVALID', async () => {
    expect(await refused({ model: join(folder(), 'none.pth') }, 'MODEL_NOT_FOUND')).to.match(
      /there is no file/,
    )
    expect(await refused({ model: folder() }, 'MODEL_INVALID')).to.match(/is a folder/)
    expect(await refused({ model: '/dev/zero' }, 'MODEL_INVALID')).to.match(/not a file/)
  })

  it('a pipe that nobody writes to, at once', async function () {
    requireTool(this, 'mkfifo')
    mkdirSync(folder(), { recursive: true })
    const pipe = join(folder(), 'pipe.pth')
    execFileSync('mkfifo', [pipe])
    await refused({ model: pipe }, 'MODEL_INVALID')
    await refused({ model: tinyModel.checkpoint, config: pipe }, 'CONFIG_INVALID')
  })

  it('a checkpoint without its configuration, saying how to name one', async () => {
    const model = file('lonely.pth', readFileSync(tinyModel.checkpoint))
    expect(await refused({ model }, 'CONFIG_INVALID')).to.match(/lonely\.conf.*--config/)
    const config = join(folder(), 'none.conf')
    expect(await refused({ model, config }, 'CONFIG_INVALID')).to.include(config)
    await refused({ model, config: file('broken.conf', '{') }, 'CONFIG_INVALID')
    await refused({ model, config: folder() }, 'CONFIG_INVALID')
  })

  it('what is called .pth and is not a checkpoint, with CHECKPOINT_INVALID', async () => {
    for (const name of ['text.pth', 'text.pt', 'text.ckpt']) {
      await refused({ model: file(name, 'buy milk'), config: tinyModel.config }, 'CHECKPOINT_INVALID')
    }
  })

  describe('because of their card, with CONFIG_INVALID:', () => {
    const cards: readonly [what: string, card: string, reason: RegExp][] = [
      ['that is not JSON', '{ name: ours }', /is not JSON/],
      ['that is empty', '', /is not JSON/],
      ['that is a list', '[]', /has no "name"/],
      ['that is a number', '7', /must be an object/],
      ['without a name', '{}', /has no "name"/],
      ['with a bare number as threshold', '{"name":"a","threshold":1.5}', /"threshold" without/],
      ['with a threshold from nowhere', '{"name":"a","threshold":{"value":1.5}}', /"source"/],
      ['with a threshold as text', '{"name":"a","threshold":{"value":"1.5","source":"x"}}', /finite "value"/],
      [
        'with an infinite threshold',
        '{"name":"a","threshold":{"value":1e999,"source":"x"}}',
        /finite "value"/,
      ],
      ['with a notice that is no text', '{"name":"a","notice":["x"]}', /"notice"/],
    ]
    for (const [what, card, reason] of cards) {
      it(what, async () => {
        mkdirSync(folder(), { recursive: true })
        copyFileSync(tinyModel.checkpoint, join(folder(), 'model.pth'))
        copyFileSync(tinyModel.config, join(folder(), 'model.conf'))
        const path = file('model.card.json', card)
        const message = await refused({ model: join(folder(), 'model.pth') }, 'CONFIG_INVALID')
        expect(message).to.include(path).and.match(reason)
      })
    }

    it('that is a folder', async () => {
      const model = file('model.onnx', 'never looked at')
      mkdirSync(join(folder(), 'model.card.json'))
      expect(await refused({ model }, 'CONFIG_INVALID')).to.match(/model card.*folder/)
    })
  })
})
