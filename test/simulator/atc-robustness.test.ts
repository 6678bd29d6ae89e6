/** Models that are damaged, lie about themselves or reach out of their folder: a code, 255, and nothing written. */
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { neutralEnvironment, root } from '../support/environment'
import { onnxModel, twoSteps, withExternalWeight } from './onnx-graphs'
import { requireSimulatorBuild } from './support'

describe('atc of the simulator: models that cannot be trusted', () => {
  let atc: string
  let environment: Readonly<Record<string, string>>
  let folder = ''
  let model = ''
  before(function () {
    ;({ atc, environment } = requireSimulatorBuild(this))
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-atc-'))
    mkdirSync(join(folder, 'inside'))
    model = join(folder, 'inside', 'model.onnx')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const options = (path: string): string[] => [
    ...[`--model=${path}`, '--framework=5', '--soc_version=Ascend310P3', '--input_format=ND'],
    '--precision_mode=must_keep_origin_dtype',
    `--output=${join(folder, 'out')}`,
  ]
  const start = (bytes?: Uint8Array): { status: number | null; signal: string | null; stdout: string } => {
    if (bytes !== undefined) writeFileSync(model, bytes)
    const env = { ...neutralEnvironment(), ...environment }
    return spawnSync(atc, options(model), { cwd: folder, env, encoding: 'utf8', timeout: 60_000 })
  }
  function expectRefusal(bytes: Uint8Array | undefined, code: string, reason: string): void {
    const { status, signal, stdout } = start(bytes)
    expect({ status, signal }).to.deep.equal({ status: 255, signal: null })
    expect(stdout).to.match(new RegExp(`^${code}: \\[PID: \\d+\\] `, 'm'))
    expect(stdout).to.include(reason)
    expect(readdirSync(folder)).to.deep.equal(['inside'])
  }
  const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer)

  it('takes weights from a file beside the model, from where they start', () => {
    writeFileSync(join(folder, 'inside', 'w.bin'), Buffer.concat([floats(9), floats(0.5, 0.25, 2)]))
    const { status } = start(withExternalWeight({ location: 'w.bin', offset: 4, length: 12 }))
    expect(status).to.equal(0)
    expect(readFileSync(join(folder, 'out.om')).includes(floats(0.5, 0.25, 2))).to.equal(true)
  })

  const outside: readonly (readonly [string, string, string])[] = [
    ['is not there', 'nowhere.bin', 'cannot be found'],
    ['lies above', '../w.bin', "not inside the model's folder"],
    ['lies above after a detour', 'deeper/../../w.bin', "not inside the model's folder"],
    ['has an absolute path', '/etc/hostname', "not inside the model's folder"],
    ['is a link that leads out', 'link.bin', "a link out of the model's folder"],
    ['is the folder itself', '.', "not inside the model's folder"],
    ['has no name', '', "not inside the model's folder"],
  ]
  for (const [what, location, reason] of outside)
    it(`refuses weights whose file ${what}`, () => {
      writeFileSync(join(folder, 'w.bin'), floats(1, 2, 3))
      symlinkSync(join(folder, 'w.bin'), join(folder, 'inside', 'link.bin'))
      writeFileSync(model, withExternalWeight({ location }))
      const { status, signal, stdout } = start()
      expect({ status, signal }).to.deep.equal({ status: 255, signal: null })
      expect(stdout).to.match(/^E10041: /m)
      if (location !== '.') expect(stdout).to.include(reason)
      expect(readdirSync(folder).sort()).to.deep.equal(['inside', 'w.bin'])
    })

  it('refuses weights that their file does not hold, whatever it claims, without taking the memory', () => {
    writeFileSync(join(folder, 'inside', 'w.bin'), floats(1, 2, 3))
    const location = 'w.bin'
    expectRefusal(withExternalWeight({ location, offset: 4 }), 'E10041', '12 are needed from 4 on')
    expectRefusal(withExternalWeight({ location, offset: -4 }), 'E10041', 'is damaged')
    expectRefusal(withExternalWeight({ location, length: 8 }), 'E10041', 'is said to have 8')
    const gigabytes = 3e9
    expectRefusal(withExternalWeight({ location, count: gigabytes / 4 }), 'E10041', 'larger than 2 GB')
    expectRefusal(withExternalWeight({ location, count: 3e8 }), 'E10041', '1200000000 are needed')
  })

  it('refuses a model of 3 GB without reading it', () => {
    const file = openSync(model, 'w')
    ftruncateSync(file, 3e9)
    closeSync(file)
    expectRefusal(undefined, 'E10041', 'at most 2147483647 are read')
  })

  it('refuses lengths that go beyond the file, zeros, noise, text and nothing', () => {
    const claim = Buffer.concat([Buffer.from([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0b]), twoSteps()])
    expectRefusal(claim, 'E10041', 'not an ONNX model')
    expectRefusal(new Uint8Array(1e6), 'E10041', 'not an ONNX model')
    expectRefusal(Buffer.from('graph { name: "text" }'), 'E10041', 'not an ONNX model')
    expectRefusal(new Uint8Array(), 'E10041', 'file size 0')
    let state = 7
    const noise = Uint8Array.from({ length: 4096 }, () => (state = Math.imul(state, 48_271) >>> 0) >>> 24)
    expectRefusal(noise, 'E10041', 'Reason')
  })

  it('finds weights in other files however the model words it', () => {
    const bytes = (number: number, content: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(content.length)]), content])
    const varint = (value: number): number[] =>
      value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
    const location = 14
    const outside = Buffer.from([location << 3, 1])
    const append = (model: Uint8Array, field: Buffer): Buffer => Buffer.concat([model, field])
    const tensor = Buffer.concat([Buffer.from([8, 3, 16, 1]), outside])
    const weight = bytes(5, tensor)
    const attribute = (field: Buffer): Buffer => bytes(1, bytes(5, field))
    expectRefusal(append(twoSteps(), bytes(7, weight)), 'E10041', 'two graphs')
    for (const function_ of [attribute(bytes(5, tensor)), attribute(bytes(22, bytes(1, tensor)))]) {
      const nodes = Buffer.from(function_)
      nodes[0] = (7 << 3) | 2
      expectRefusal(append(twoSteps(), bytes(25, nodes)), 'E10041', 'file of its own')
    }
    expectRefusal(append(twoSteps(), bytes(20, bytes(1, weight))), 'E10041', 'file of its own')
    // The place again in other wire types, which readers pass over, and as a number that none knows.
    const wrong = [bytes(location, Buffer.alloc(0)), Buffer.from([(location << 3) | 5, 0, 0, 0, 0])]
    for (const again of [...wrong, Buffer.from([location << 3, 7])]) {
      const inTraining = bytes(20, bytes(1, attribute(bytes(5, Buffer.concat([tensor, again])))))
      expectRefusal(append(twoSteps(), inTraining), 'E10041', 'file of its own')
    }
  })

  it('takes no memory for inputs that only have to be claimed', () => {
    const nodes = [{ opType: 'NonZero', name: 'a', input: ['x'], output: ['y'] }]
    const claimed = onnxModel({ nodes, shape: [1_600_000_000], outputShape: ['n', 'm'], outputType: 7 })
    expectRefusal(claimed, 'E19999', '1073741824 bytes')
  })

  it('refuses outputs whose shapes hang on the numbers in the input', () => {
    const nodes = [{ opType: 'NonZero', name: 'a', input: ['x'], output: ['y'] }]
    const found = onnxModel({ nodes, shape: [4], outputShape: ['n', 'm'], outputType: 7 })
    expectRefusal(found, 'E10055', 'Output y')
  })

  it('refuses a graph with a cycle', () => {
    const cycle = onnxModel({
      nodes: [
        { opType: 'Add', name: 'a', input: ['x', 'second'], output: ['first'] },
        { opType: 'Neg', name: 'b', input: ['first'], output: ['second'] },
        { opType: 'Abs', name: 'c', input: ['second'], output: ['y'] },
      ],
    })
    expectRefusal(cycle, 'E10041', 'has a cycle')
  })

  it('refuses an input that nobody makes, an unknown operator, and operator sets of two domains', () => {
    const node = (opType: string, input: string) =>
      onnxModel({ nodes: [{ opType, name: 'a', input: [input], output: ['y'] }] })
    expectRefusal(node('Neg', 'nobody'), 'E19010', 'nobody')
    expectRefusal(node('NoSuchThing', 'x'), 'E19010', 'NoSuchThing')
    const nodes = [{ opType: 'Neg', name: 'a', input: ['x'], output: ['y'] }]
    expectRefusal(onnxModel({ nodes, domains: ['', 'ai.onnx.ml'] }), 'E16005', '2 operator sets')
  })

  it('refuses a model in place of an .om, and the other way round', () => {
    writeFileSync(model, twoSteps())
    const env = { ...neutralEnvironment(), ...environment }
    const shown = spawnSync(atc, ['--mode=6', `--om=${model}`], { cwd: folder, env, encoding: 'utf8' })
    expect(shown.status).to.equal(255)
    expect(shown.stdout).to.match(/^E10041: /m)
    expect(shown.stdout).not.to.include('Display Model Info')
    start()
    const om = readFileSync(join(folder, 'out.om'))
    expect(start(om).stdout).to.match(/^E10041: /m)
  })

  it('leaves no half model when it is killed', async function () {
    this.timeout(60_000)
    const demo = join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx')
    const env = { ...neutralEnvironment(), ...environment }
    // The last one is left alone: what the others may leave is what it leaves.
    for (const delayMs of [0, 40, 80, 120, 160, 200, undefined]) {
      const child = spawn(atc, options(demo), { cwd: folder, env, stdio: 'ignore' })
      const ended = new Promise(resolve => child.once('exit', resolve))
      if (delayMs !== undefined) setTimeout(() => child.kill('SIGKILL'), delayMs)
      await ended
      const made = readdirSync(folder).includes('out.om')
      expect(made || delayMs !== undefined).to.equal(true)
      expect(child.signalCode === 'SIGKILL' || made, `killed after ${delayMs} ms`).to.equal(true)
      if (!made) continue
      const shown = spawnSync(atc, ['--mode=6', '--om=out.om'], { cwd: folder, env })
      expect(shown.status, `killed after ${delayMs} ms`).to.equal(0)
      rmSync(join(folder, 'out.om'))
    }
  })
})
