import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { atcRuns } from './atc-runs'
import { requireSimulatorBuild, type Answer, type SimulatorBuild } from './support'

const fixture = (name: string): string => join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)
const dynamic = fixture('dynamic-batch')
const open = '--input_shape=left:-1,3;right:-1,3'

describe('atc of the simulator', () => {
  let build: SimulatorBuild
  let folder = ''
  before(function () {
    build = requireSimulatorBuild(this)
    folder = mkdtempSync(join(tmpdir(), 'aasist-atc-'))
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  const { run, compile } = atcRuns(() => ({ build, folder }))

  it('appends .om, says that it worked and ends with 0', () => {
    const { status, stdout, stderr } = compile(fixture('add'))
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    expect(stdout.split('\n')[0]).to.equal('ATC start working now, please wait for a moment.')
    expect(stdout).to.include('ATC run success, welcome to the next use.')
    expect(existsSync(join(folder, 'out.om'))).to.equal(true)
  })

  it('takes flags with =, with a blank, with one dash, with hyphens and shortened', () => {
    const { status } = run([
      '--model',
      fixture('add'),
      '-frame=5',
      '--output=spelled',
      '--soc-version',
      'Ascend310P3',
    ])
    expect(status).to.equal(0)
    expect(existsSync(join(folder, 'spelled.om'))).to.equal(true)
  })

  it('refuses flags it does not have and words that belong to none, on stderr, with 255', () => {
    const { status, stdout, stderr } = run(['--quick=1'])
    expect({ status, stderr }).to.deep.equal({
      status: 255,
      stderr: "ERROR: unknown command line flag 'quick'\n",
    })
    expect(stdout).to.include(
      "ATC run failed, Please check the detail log, Try 'atc --help' for more information",
    )
    expect(run(['--framework=five']).stderr).to.equal(
      "ERROR: illegal value 'five' specified for int32 flag 'framework'\n",
    )
    expect(run(['model.onnx']).status).to.equal(255)
    expect(run(['--model']).status).to.equal(255)
  })

  const refused: readonly (readonly [string, string, () => Answer])[] = [
    ['E10007', 'no framework', () => run(['--model=x.onnx'])],
    ['E10001', 'a framework that does not exist', () => run(['--framework=9'])],
    ['E10055', 'a framework other than ONNX', () => run(['--framework=3'])],
    ['E10054', 'no model', () => run(['--framework=5', '--soc_version=Ascend310P3', '--output=out'])],
    ['E10054', 'no chip', () => run(['--framework=5', `--model=${fixture('add')}`, '--output=out'])],
    ['E10010', 'an unknown log level', () => compile(fixture('add'), '--log=loud')],
    ['E10001', 'a family instead of a chip', () => compile(fixture('add'), '--soc_version=Ascend310P')],
    ['E10001', 'a path with a blank', () => compile('a b.onnx')],
    ['E10022', 'an output without a name', () => compile(fixture('add'), '--output=folder/')],
    [
      'E13004',
      'an output folder that cannot be made',
      () => compile(fixture('add'), `--output=${fixture('add')}/x`),
    ],
    ['E10001', 'a model that is not there', () => compile('nowhere.onnx')],
    [
      'E10041',
      'a model that is no ONNX model',
      () => compile(fixture('add').replace('add.onnx', 'make_models.py')),
    ],
    ['E10041', 'a model with strings', () => compile(fixture('text'))],
    [
      'E10056',
      'both precision modes',
      () => compile(fixture('add'), '--precision_mode=force_fp16', '--precision_mode_v2=fp16'),
    ],
    ['E10055', 'an option that is not modelled', () => compile(fixture('add'), '--external_weight=1')],
    ['E10016', 'a shape for an input that is not there', () => compile(fixture('add'), '--input_shape=c:1')],
    ['E10049', 'a shape of another rank', () => compile(fixture('add'), '--input_shape=a:1')],
    ['E10011', 'a shape with zero', () => compile(dynamic, '--input_shape=left:0,3')],
    ['E10002', 'a shape that contradicts the model', () => compile(dynamic, '--input_shape=left:2,4')],
    [
      'E10009',
      'two kinds of gears',
      () => compile(dynamic, open, '--dynamic_batch_size=1,2', '--dynamic_dims=1,1;2,2'),
    ],
    ['E10035', 'one gear', () => compile(dynamic, open, '--dynamic_batch_size=1')],
    ['E10038', 'a gear of zero', () => compile(dynamic, open, '--dynamic_batch_size=0,1')],
    ['E10039', 'a gear twice', () => compile(dynamic, open, '--dynamic_batch_size=2,2')],
    ['E10031', 'gears without an open batch', () => compile(fixture('add'), '--dynamic_batch_size=1,2')],
    [
      'E10001',
      'gears of dims in another format than ND',
      () => compile(dynamic, open, '--dynamic_dims=1,1;2,2'),
    ],
    [
      'E10045',
      'gears of dims with too many values',
      () => compile(dynamic, open, '--input_format=ND', '--dynamic_dims=1,1,1;2,2,2'),
    ],
    [
      'E10046',
      'gears of dims with too few values',
      () => compile(dynamic, open, '--input_format=ND', '--dynamic_dims=1;2'),
    ],
    [
      'E10037',
      'gears of different lengths',
      () => compile(dynamic, open, '--input_format=ND', '--dynamic_dims=1,1;2'),
    ],
    ['E10019', 'image gears for a batch', () => compile(dynamic, open, '--dynamic_image_size=1,1;2,2')],
  ]
  for (const [code, what, action] of refused)
    it(`refuses ${what} with ${code}, says so as CANN does, ends with 255 and writes nothing`, () => {
      rmSync(join(folder, 'out.om'), { force: true })
      const { status, stdout } = action()
      expect(status).to.equal(255)
      expect(stdout).to.match(
        /ATC run failed, Please check the detail log, Try 'atc --help' for more information\n/,
      )
      expect(stdout).to.match(
        new RegExp(
          `^${code}: \\[PID: \\d+\\] \\d{4}-\\d\\d-\\d\\d-\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\.\\d{3} `,
          'm',
        ),
      )
      expect(existsSync(join(folder, 'out.om'))).to.equal(false)
    })

  it('survives a model cut off or changed at any place', function () {
    this.timeout(120_000)
    const good = readFileSync(fixture('two-outputs'))
    const path = join(folder, 'damaged.onnx')
    for (let at = 0; at < good.length; at += 3) {
      const changed = Buffer.from(good)
      changed[at] = 0xff - changed[at]!
      for (const bytes of [good.subarray(0, at), changed]) {
        writeFileSync(path, bytes)
        const { status } = compile(path, '--output=damaged')
        expect(status, `damage at ${at}`).to.be.oneOf([0, 255])
      }
    }
  })

  it('keeps weights for ACL_SIM_PRECISION=origin and the two precision modes that say so', () => {
    const graphOf = (options: readonly string[], env: NodeJS.ProcessEnv = {}): string => {
      const name = `precision-${options.join('').length}-${Object.keys(env).length}`
      const model = join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx')
      const { status } = run(
        [`--model=${model}`, '--framework=5', `--output=${name}`, '--soc_version=Ascend310P3', ...options],
        env,
      )
      expect(status).to.equal(0)
      const om = readFileSync(join(folder, `${name}.om`))
      const graphBytes = Number(om.readBigUInt64LE(32))
      return om.subarray(om.length - graphBytes).toString('latin1')
    }
    const original = readFileSync(
      join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx'),
      'latin1',
    )
    expect(graphOf([], { ACL_SIM_PRECISION: 'origin' }) === original).to.equal(true)
    expect(graphOf(['--precision_mode=must_keep_origin_dtype']) === original).to.equal(true)
    expect(graphOf(['--precision_mode_v2=origin']) === original).to.equal(true)
    const rounded = graphOf(['--precision_mode_v2=fp16'])
    expect(rounded === original).to.equal(false)
    expect(rounded.length).to.equal(original.length)
  })
})
