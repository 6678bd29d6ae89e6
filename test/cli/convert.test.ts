import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint } from '../../lib/model'
import { root } from '../support/environment'
import { demoModel, generatedSignal, readJson, type GeneratedGolden } from '../support/golden'
import { rowOf, runOnnx } from '../support/run-onnx'
import { filesIn, tinyModel } from '../scoring/support'
import { aasist, expectFailure, expectSuccess, scratchFolder, shell } from './support'

describe('aasist convert', () => {
  const folder = scratchFolder()
  const checkpoint = ['--checkpoint', tinyModel.checkpoint]
  const run = (...args: readonly string[]) => aasist(['convert', ...args], { cwd: folder() })

  for (const [target, batch] of [
    ['plain', 1],
    ['plain', 3],
    ['cpu', 1],
    ['cpu', 3],
  ] as const) {
    it(`writes a model that gives PyTorch's outputs: target ${target}, batch ${batch}`, async () => {
      const ended = await run(
        ...checkpoint,
        '--target',
        target,
        '--batch',
        String(batch),
        '--out',
        'out.onnx',
      )
      expectSuccess(ended)
      expect(ended.stdout).to.equal('')
      const bytes = statSync(join(folder(), 'out.onnx')).size
      const [written, ...next] = ended.stderr.trimEnd().split('\n')
      expect(written).to.equal(`out.onnx: ${bytes} bytes, batch ${batch}, target ${target}`)
      expect(next[0]).to.match(/^next, on the CPU: aasist score .*--model out\.onnx$/)
      // The graph for CPUs is not what an NPU wants.
      expect(next).to.have.length(target === 'plain' ? 3 : 1)
      expect(filesIn(folder())).to.deep.equal(['out.onnx'])

      const golden = readJson(
        root,
        'test',
        'fixtures',
        'checkpoints',
        'tiny-random.golden.json',
      ) as GeneratedGolden
      const windows = golden.inputs.map(input => generatedSignal(input, golden.nbSamp))
      const outputs = await runOnnx(readFileSync(join(folder(), 'out.onnx')), windows)
      expect(Object.keys(outputs).sort()).to.deep.equal(['last_hidden', 'logits'])
      expect(outputs['logits']!.dims).to.deep.equal([batch, 2])
      for (let row = 0; row < batch; row++) {
        for (const [name, expected] of [
          ['logits', golden.logits[row]!],
          ['last_hidden', golden.lastHidden[row]!],
        ] as const) {
          const found = rowOf(outputs[name]!, row)
          expect(found.length).to.equal(expected.length)
          for (const [column, value] of expected.entries()) expect(found[column]).to.be.closeTo(value, 1e-4)
        }
      }
    })
  }

  it('is plain and for one clip unless told otherwise, and gives equal bytes every time', async () => {
    const explicit = ['--batch', '1', '--target', 'plain', '--config', tinyModel.config]
    const ended = await Promise.all([
      run(...checkpoint, '--out', 'a.onnx'),
      run(...checkpoint, '--out', 'b.onnx'),
      run(...checkpoint, ...explicit, '--out', 'c.onnx'),
    ])
    for (const each of ended) expectSuccess(each)
    const [a, b, c] = ['a.onnx', 'b.onnx', 'c.onnx'].map(name => readFileSync(join(folder(), name)))
    expect(b!.equals(a!)).to.equal(true)
    expect(c!.equals(a!)).to.equal(true)
  })

  it('--json prints what was written', async () => {
    const ended = await run(...checkpoint, '--out', 'out.onnx', '--batch', '2', '--json')
    expectSuccess(ended)
    const bytes = statSync(join(folder(), 'out.onnx')).size
    expect(JSON.parse(ended.stdout)).to.deep.equal({
      out: 'out.onnx',
      bytes,
      batch: 2,
      target: 'plain',
      card: null,
    })
    expect(ended.stderr).to.equal('')
  })

  const tinyExport = join(root, 'test', 'fixtures', 'onnx', 'torch-tiny-degenerate-opset11.onnx')
  const openExport = join(root, 'test', 'fixtures', 'onnx', 'torch-tiny-random-dynamic-opset17.onnx')

  it('--target npu says what each pass did, and warns of those that found nothing to do', async () => {
    const ended = await run(...checkpoint, '--target', 'npu', '--batch', '2', '--out', 'out.onnx')
    expectSuccess(ended)
    expect(ended.stdout).to.equal('')
    const bytes = readFileSync(join(folder(), 'out.onnx'))
    const lines = ended.stderr.trimEnd().split('\n')
    expect(lines[0]).to.equal(`out.onnx: ${bytes.length} bytes, batch 2, target npu`)
    expect(lines.slice(1, 8).map(line => /^(warning: )?[\w-]+(: \d+)?/.exec(line)?.[0])).to.deep.equal([
      'warning: resolve-constants',
      'fold-batch-norm: 6',
      'warning: constant-attention',
      'warning: fold-softmax-transposes',
      'warning: gather-nodes',
      'warning: slice-first-block',
      'conv1d-as-conv2d: 1',
    ])
    const config = readFileSync(tinyModel.config)
    const direct = convertCheckpoint(readFileSync(tinyModel.checkpoint), config, { batch: 2, target: 'npu' })
    expect(bytes.equals(direct)).to.equal(true)
  })

  it('--model rewrites an ONNX model for NPUs, and --json lists the passes', async () => {
    const ended = await run('--model', tinyExport, '--target', 'npu', '--out', 'out.onnx', '--json')
    expectSuccess(ended)
    const bytes = statSync(join(folder(), 'out.onnx')).size
    const said = JSON.parse(ended.stdout) as { passes: { pass: string; applied: number; note: string }[] }
    const { passes, ...rest } = said
    expect(rest).to.deep.equal({ out: 'out.onnx', bytes, batch: 1, target: 'npu', card: null })
    expect(passes.map(({ pass, applied }) => [pass, applied])).to.deep.include.members([
      ['constant-attention', 8],
      ['fold-softmax-transposes', 2],
      ['gather-nodes', 6],
      ['slice-first-block', 0],
    ])
    expect(ended.stderr).to.include('warning: slice-first-block found nothing to do')
  })

  it('--batch gives an open batch axis its size, and does not change a fixed one', async () => {
    const model = ['--target', 'npu', '--out', 'out.onnx', '--batch', '3', '--json', '--model']
    const open = await run(...model, openExport)
    expectSuccess(open)
    expect(JSON.parse(open.stdout)).to.include({ batch: 3 })
    expectFailure(await run(...model, tinyExport), 2, 'INVALID_ARGUMENT')
  })

  it('wants one input, an ONNX model only for the target npu, and never writes over it', async () => {
    const bytes = readFileSync(tinyExport)
    writeFileSync(join(folder(), 'mine.onnx'), bytes)
    for (const args of [
      ['--target', 'npu', '--out', 'out.onnx'],
      ['--model', 'mine.onnx', '--out', 'out.onnx'],
      ['--model', 'mine.onnx', '--target', 'cpu', '--out', 'out.onnx'],
      ['--model', 'mine.onnx', ...checkpoint, '--target', 'npu', '--out', 'out.onnx'],
      ['--model', 'mine.onnx', '--target', 'npu', '--out', 'mine.onnx'],
    ]) {
      expectFailure(await run(...args), 2, 'INVALID_ARGUMENT')
    }
    const missing = await run('--model', 'none.onnx', '--target', 'npu', '--out', 'out.onnx')
    expectFailure(missing, 1, 'MODEL_NOT_FOUND')
    writeFileSync(join(folder(), 'cut.onnx'), bytes.subarray(0, 1000))
    const cut = await run('--model', 'cut.onnx', '--target', 'npu', '--out', 'out.onnx')
    expectFailure(cut, 1, 'MODEL_INVALID')
    expect(filesIn(folder())).to.deep.equal(['cut.onnx', 'mine.onnx'])
    expect(readFileSync(join(folder(), 'mine.onnx')).equals(bytes)).to.equal(true)
  })

  it('takes the model card along, by the name of the model, and says so', async () => {
    const card = readFileSync(demoModel.checkpoint.replace(/pth$/, 'card.json'), 'utf8')
    const demo = ['--checkpoint', demoModel.checkpoint]
    const ended = await run(...demo, '--out', 'mine.onnx')
    expectSuccess(ended)
    expect(filesIn(folder())).to.deep.equal(['mine.card.json', 'mine.onnx'])
    expect(readFileSync(join(folder(), 'mine.card.json'), 'utf8')).to.equal(card)
    expect(ended.stderr).to.match(/^mine\.card\.json: the model card/m)
    const again = await run(...demo, '--out', 'mine.onnx', '--json')
    expect(JSON.parse(again.stdout)).to.include({ card: 'mine.card.json' })
  })

  it('leaves the card of another model alone, and says that', async () => {
    writeFileSync(join(folder(), 'mine.card.json'), '{"name":"mine"}')
    const ended = await run('--checkpoint', demoModel.checkpoint, '--out', 'mine.onnx')
    expectSuccess(ended)
    expect(readFileSync(join(folder(), 'mine.card.json'), 'utf8')).to.equal('{"name":"mine"}')
    expect(ended.stderr).to.match(/^mine\.card\.json: another model card is there and stays/m)
  })

  it('writes nothing when the card beside the checkpoint cannot be used', async () => {
    writeFileSync(join(folder(), 'mine.pth'), readFileSync(tinyModel.checkpoint))
    writeFileSync(join(folder(), 'mine.card.json'), '{}')
    const ended = await run('--checkpoint', 'mine.pth', '--config', tinyModel.config, '--out', 'out.onnx')
    expectFailure(ended, 1, 'CONFIG_INVALID')
    expect(filesIn(folder())).to.deep.equal(['mine.card.json', 'mine.pth'])
  })

  it('replaces a file as a whole', async () => {
    writeFileSync(join(folder(), 'out.onnx'), 'an older model')
    expectSuccess(await run(...checkpoint, '--out', 'out.onnx'))
    expect(statSync(join(folder(), 'out.onnx')).size).to.be.above(10_000)
    expect(filesIn(folder())).to.deep.equal(['out.onnx'])
  })

  it('leaves an existing file as it was when it fails: bad input, or no room', async () => {
    writeFileSync(join(folder(), 'out.onnx'), 'an older model')
    writeFileSync(join(folder(), 'cut.pth'), readFileSync(tinyModel.checkpoint).subarray(0, 30_000))
    const cut = await run('--checkpoint', 'cut.pth', '--config', tinyModel.config, '--out', 'out.onnx')
    expectFailure(cut, 1, 'CHECKPOINT_INVALID')
    // A limit on the size of files stands for the disk: Node ignores the signal that comes with it.
    const full = await shell(`ulimit -f 8; $AASIST convert ${checkpoint.join(' ')} --out out.onnx`, {
      cwd: folder(),
    })
    expectFailure(full, 1, 'OUTPUT_UNWRITABLE')
    expect(readFileSync(join(folder(), 'out.onnx'), 'utf8')).to.equal('an older model')
    expect(filesIn(folder())).to.deep.equal(['cut.pth', 'out.onnx'])
  })

  it('says which configuration it looked for', async () => {
    writeFileSync(join(folder(), 'mine.pth'), readFileSync(tinyModel.checkpoint))
    const ended = await run('--checkpoint', 'mine.pth', '--out', 'out.onnx')
    expectFailure(ended, 1, 'CONFIG_INVALID')
    expect(ended.stderr).to.match(/mine\.conf beside mine\.pth.*--config/)
    expect(existsSync(join(folder(), 'out.onnx'))).to.equal(false)
  })

  it('never writes over its input, not even through a link', async () => {
    const checkpointBytes = readFileSync(tinyModel.checkpoint)
    const configBytes = readFileSync(tinyModel.config)
    writeFileSync(join(folder(), 'mine.pth'), checkpointBytes)
    writeFileSync(join(folder(), 'mine.conf'), configBytes)
    symlinkSync('mine.pth', join(folder(), 'link.onnx'))
    for (const out of ['mine.pth', './mine.conf', 'link.onnx']) {
      expectFailure(await run('--checkpoint', 'mine.pth', '--out', out), 2, 'INVALID_ARGUMENT')
    }
    expect(readFileSync(join(folder(), 'mine.pth'))).to.deep.equal(checkpointBytes)
    expect(readFileSync(join(folder(), 'mine.conf'))).to.deep.equal(configBytes)
  })
})
