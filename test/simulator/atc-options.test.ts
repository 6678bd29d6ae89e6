/** What atc's options do to the offline model, and which of their values it refuses. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { neutralEnvironment, requireTool, root } from '../support/environment'
import { atcRuns } from './atc-runs'
import { Client } from './clients'
import { onnxModel, float32, twoSteps } from './onnx-graphs'
import { requireSimulatorBuild, type SimulatorBuild } from './support'

const add = join(root, 'test', 'fixtures', 'onnx', 'add.onnx')
const demo = join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx')
const dynamic = join(root, 'test', 'fixtures', 'onnx', 'dynamic-batch.onnx')

interface Described {
  readonly dtype: string
  readonly name: string
  readonly shape: { readonly dim: number[] }
}

interface Operator {
  readonly name: string
  readonly type: string
  readonly input_desc?: Described[]
  readonly output_desc?: Described[]
}

describe('atc of the simulator: options', () => {
  let build: SimulatorBuild
  let folder = ''
  before(function () {
    build = requireSimulatorBuild(this)
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-atc-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const { run, compile } = atcRuns(() => ({ build, folder }))
  const compiled = (model: string, ...options: string[]): string => {
    const { status, stdout, stderr } = compile(model, ...options)
    expect({ status, stderr }, stdout).to.deep.equal({ status: 0, stderr: '' })
    return join(folder, 'out.om')
  }
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const operators = (om: string): readonly Operator[] => {
    expect(run(['--mode=1', `--om=${om}`, '--json=out.json']).status).to.equal(0)
    const json = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')) as { graph: [{ op: Operator[] }] }
    return json.graph[0].op
  }
  const outputsOf = (om: string): readonly Described[] =>
    operators(om)
      .filter(({ type }) => type === 'NetOutput')
      .map(({ input_desc }) => input_desc![0]!)

  it('takes the command of the guide word for word', () => {
    writeFileSync(join(folder, 'aasist_bs1.onnx'), readFileSync(demo))
    const command = String.raw`atc --model=aasist_bs1.onnx \
       --output=aasist_bs1 \
       --input_shape="input:1,64600" \
       --input_format=ND \
       --log=error \
       --framework=5 \
       --soc_version=Ascend310P3 \
       --optypelist_for_implmode="Sigmoid" \
       --op_select_implmode=high_performance`
    const env = {
      ...neutralEnvironment(),
      ...build.environment,
      PATH: `${join(build.folder, 'bin')}:${process.env['PATH']}`,
    }
    const { status, stdout } = spawnSync('sh', ['-c', command], { cwd: folder, env, encoding: 'utf8' })
    expect(status).to.equal(0)
    expect(stdout.split('\n')[0]).to.equal('ATC start working now, please wait for a moment.')
    expect(stdout.trimEnd().split('\n').at(-1)).to.equal('ATC run success, welcome to the next use.')
    expect(readdirSync(folder).sort()).to.deep.equal([
      'aasist_bs1.om',
      'aasist_bs1.onnx',
      'fusion_result.json',
      'kernel_meta',
    ])
  })

  it('writes the model for its owner only, makes its folder, and leaves by-products where ASCEND_WORK_PATH says', () => {
    const work = join(folder, 'work')
    mkdirSync(work)
    const options = [`--model=${add}`, '--framework=5', '--soc_version=Ascend310P3', '--output=a/b/out']
    expect(run(options, { ASCEND_WORK_PATH: work }).status).to.equal(0)
    expect(statSync(join(folder, 'a', 'b', 'out.om')).mode & 0o777).to.equal(0o600)
    expect(readdirSync(work).sort()).to.deep.equal(['fusion_result.json', 'kernel_meta'])
    expect(readdirSync(folder).sort()).to.deep.equal(['a', 'work'])
  })

  it('names the host in the file of a dynamic model when it is told one', () => {
    compile(dynamic, '--input_shape=left:-1,3;right:-1,3', '--host_env_os=linux', '--host_env_cpu=aarch64')
    expect(existsSync(join(folder, 'out_linux_aarch64.om'))).to.equal(true)
  })

  describe('log', () => {
    it('writes none by default, and a plog file below HOME when a level is given', () => {
      const env = { HOME: folder, ASCEND_SLOG_PRINT_TO_STDOUT: undefined, ASCEND_PROCESS_LOG_PATH: undefined }
      const fixed = [`--model=${add}`, '--framework=5', '--soc_version=Ascend310P3', '--output=out']
      run(fixed, env)
      expect(existsSync(join(folder, 'ascend'))).to.equal(false)
      run([...fixed, '--log=info'], env)
      const logs = join(folder, 'ascend', 'log', 'debug', 'plog')
      const [name] = readdirSync(logs)
      expect(name).to.match(/^plog-\d+_\d{17}\.log$/)
      expect(readFileSync(join(logs, name!), 'utf8')).to.match(/^\[INFO\] GE\(\d+,atc\.bin\):.*atc --model=/)
    })

    it('prints it with ASCEND_SLOG_PRINT_TO_STDOUT=1, of the level and above', () => {
      const fixed = [
        '--framework=5',
        '--soc_version=Nothing',
        '--output=out',
        `--model=${add}`,
        '--log=error',
      ]
      const { stdout } = run(fixed, { ASCEND_SLOG_PRINT_TO_STDOUT: '1' })
      expect(stdout).to.match(/^\[ERROR\] GE\(\d+,atc\.bin\):.*E10001: --soc_version=Nothing /m)
      expect(stdout).not.to.include('[INFO]')
    })
  })

  describe('modes', () => {
    const information = [
      /^=+ Display Model Info start =+$/,
      /^Original Atc command line: atc --model=.*--display_model_info=1$/,
      /^system {3}info: atc_version\[.+\], soc_version\[Ascend310P3\], framework_type\[Onnx\]\.$/,
      /^resource info: memory_size\[\d+ B\], weight_size\[\d+ B\], stream_num\[1\], event_num\[0\]\.$/,
      /^om {7}info: modeldef_size\[\d+ B\], weight_data_size\[\d+ B\], tbe_kernels_size\[0 B\], cust_aicpu_kernel_store_size\[0 B\], task_info_size\[0 B\], so_store_size\[0 B\]\.$/,
      /^=+ Display Model Info end {3}=+$/,
    ]
    it('6 shows what a model was made with, and so does --display_model_info=1', () => {
      const made = compile(add, '--display_model_info=1')
      const shown = run(['--mode=6', '--om=out.om'])
      for (const { status, stdout } of [made, shown]) {
        expect(status).to.equal(0)
        const lines = stdout.split('\n').slice(1, 7)
        lines.forEach((line, i) => expect(line).to.match(information[i]!))
      }
    })

    it('1 makes JSON of an .om and of an .onnx', () => {
      const types = operators(compiled(write('two.onnx', twoSteps()))).map(({ type }) => type)
      expect(types).to.deep.equal(['Data', 'Neg', 'Abs', 'NetOutput'])
      const onnx = ['--mode=1', '--framework=5', '--om=two.onnx', '--json=deep/two.json']
      expect(run(onnx).status).to.equal(0)
      const json = JSON.parse(readFileSync(join(folder, 'deep', 'two.json'), 'utf8')) as {
        graph: { node: { name: string }[] }
      }
      expect(json.graph.node.map(({ name }) => name)).to.deep.equal(['first', 'second'])
    })

    it('3 checks a model, writes check_result.json and no model', () => {
      const fixed = ['--mode=3', '--framework=5', '--soc_version=Ascend310P3']
      const report = (): unknown => JSON.parse(readFileSync(join(folder, 'check_result.json'), 'utf8'))
      expect(run([...fixed, `--model=${write('two.onnx', twoSteps())}`]).status).to.equal(0)
      expect(report()).to.deep.include({ result: 'success' })
      const wrong = onnxModel({ nodes: [{ opType: 'NoSuchThing', input: ['x'], output: ['y'] }] })
      expect(run([...fixed, `--model=${write('wrong.onnx', wrong)}`]).status).to.equal(255)
      expect(report()).to.deep.include({ result: 'failed' })
      expect(readdirSync(folder).filter(name => name.endsWith('.om'))).to.deep.equal([])
    })
  })

  describe('the interface', () => {
    it('has the outputs of --out_nodes, by node or by tensor, also those the model says nothing about', () => {
      const model = write('two.onnx', twoSteps())
      const names = (value: string): string[] =>
        outputsOf(compiled(model, `--out_nodes=${value}`)).map(({ name }) => name)
      expect(names('second:0;first:0')).to.deep.equal(['second:0:y', 'first:0:between'])
      expect(names('between')).to.deep.equal(['first:0:between'])
      expect(outputsOf(join(folder, 'out.om'))[0]).to.deep.include({
        dtype: 'DT_FLOAT',
        shape: { dim: [3] },
      })
    })

    it('has the types of --output_type and --input_fp16_nodes, and the run converts', function () {
      requireTool(this, 'g++')
      this.timeout(120_000)
      const om = compiled(write('two.onnx', twoSteps()), '--output_type=FP16', '--input_fp16_nodes=x')
      expect(outputsOf(om)[0]!.dtype).to.equal('DT_FLOAT16')
      expect(operators(om)[0]!.output_desc![0]).to.deep.include({ name: 'x', dtype: 'DT_FLOAT16' })
      // -2, 1.5 and 65504, the largest number of the type.
      const input = Buffer.from(Uint16Array.of(0xc000, 0x3e00, 0x7bff).buffer)
      writeFileSync(join(folder, 'x.bin'), input)
      const client = new Client('run', build.folder, folder, build.environment)
      expect(client.start([om, folder, join(folder, 'x.bin')])).to.include({ status: 0, stderr: '' })
      const output = readFileSync(join(folder, '0.bin'))
      expect(output).to.deep.equal(Buffer.from(Uint16Array.of(0x4000, 0x3e00, 0x7bff).buffer))
    })

    it('takes --output_type for single outputs, by node or tensor', () => {
      const model = write('two.onnx', twoSteps())
      const both = '--out_nodes=first:0;second:0'
      const types = (value: string): string[] =>
        outputsOf(compiled(model, both, `--output_type=${value}`)).map(({ dtype }) => dtype)
      expect(types('second:0:FP16')).to.deep.equal(['DT_FLOAT', 'DT_FLOAT16'])
      expect(types('between:INT8;second:0:DOUBLE')).to.deep.equal(['DT_INT8', 'DT_DOUBLE'])
    })

    it('takes --input_shape_range as ranges', () => {
      const om = compiled(dynamic, '--input_shape_range=left:[1~8,3];right:[1~8,3]')
      expect(operators(om)[0]!.output_desc![0]!.shape.dim).to.deep.equal([-1, 3])
    })
  })

  describe('precision', () => {
    // One weight for the cube unit, one for an addition; none of the three is a number of half precision.
    const weights = [0.1, 1e6, 3.000_000_1]
    const product = (): Uint8Array =>
      onnxModel({
        shape: [3, 3],
        nodes: [
          { opType: 'MatMul', name: 'product', input: ['x', 'cube'], output: ['t'] },
          { opType: 'Add', name: 'sum', input: ['t', 'vector'], output: ['y'] },
        ],
        initializers: [
          { name: 'cube', dataType: float32, dims: [3n, 1n], floatData: weights },
          { name: 'vector', dataType: float32, dims: [3n], floatData: weights },
        ],
      })
    /** Weights as they stand in the .om: first the cube's, then the vector's. */
    const kept = (...options: string[]): number[] => {
      const bytes = readFileSync(compiled(write('product.onnx', product()), ...options))
      const found: number[] = []
      for (const name of ['cube', 'vector']) {
        const run12 = Buffer.from([0x22, 12])
        const end = bytes.lastIndexOf(Buffer.concat([Buffer.from([0x42, name.length]), Buffer.from(name)]))
        const at = bytes.lastIndexOf(run12, end) + run12.length
        for (let i = 0; i < 3; i++) found.push(bytes.readFloatLE(at + 4 * i))
      }
      return found
    }
    const single = weights.map(Math.fround)
    const half = [0.0999755859375, 65_504, 3]
    const short = [0.10009765625, 999_424, 3]

    const modes: readonly (readonly [string, readonly string[], readonly number[]])[] = [
      ['rounds to half precision by default', [], [...half, ...half]],
      ['rounds all for mixed precision', ['--precision_mode=allow_mix_precision'], [...half, ...half]],
      ['keeps all for origin', ['--precision_mode_v2=origin'], [...single, ...single]],
      ['rounds the cube for force_fp32', ['--precision_mode=force_fp32'], [...half, ...single]],
      [
        'rounds to bfloat16 where the chip has it',
        ['--precision_mode_v2=mixed_bfloat16', '--soc_version=Ascend910B3'],
        [...short, ...short],
      ],
      [
        'does not clip with --is_weight_clip=0',
        ['--is_weight_clip=0'],
        [half[0]!, Infinity, half[2]!, half[0]!, Infinity, half[2]!],
      ],
    ]
    for (const [what, options, expected] of modes)
      it(what, () => {
        expect(kept(...options)).to.deep.equal(expected)
      })

    it('keeps the weights of the nodes and types in --keep_dtype', () => {
      const byName = write('names.cfg', 'sum\n')
      expect(kept(`--keep_dtype=${byName}`)).to.deep.equal([...half, ...single])
      const byType = write('types.cfg', 'OpType::MatMul\n')
      expect(kept(`--keep_dtype=${byType}`)).to.deep.equal([...single, ...half])
    })
  })

  const refusals: readonly (readonly [string, string, readonly string[]])[] = [
    ['E10001', 'an unknown chip', ['--soc_version=Ascend310P4']],
    ['E10001', 'the old name of a family', ['--soc_version=Ascend710']],
    ['E10001', 'a name without Ascend', ['--soc_version=310P3']],
    ['E10001', 'an unknown mode', ['--mode=9']],
    ['E10055', 'a mode that is not modelled', ['--mode=5']],
    ['E10006', 'neither 0 nor 1', ['--sparsity=2']],
    ['E10005', 'neither true nor false', ['--enable_single_stream=1']],
    ['E10001', 'a value that is not listed', ['--buffer_optimize=l3_optimize']],
    ['E10001', 'a format that ONNX models do not have', ['--input_format=NHWC']],
    ['E10001', 'a file that is not there', ['--op_precision_mode=nowhere.ini']],
    ['E10001', 'types without a mode for them', ['--optypelist_for_implmode=Sigmoid']],
    [
      'E10001',
      'types with a mode for all',
      ['--optypelist_for_implmode=Sigmoid', '--op_select_implmode=high_precision_for_all'],
    ],
    ['E10001', 'a mix list without mixing', [`--modify_mixlist=${add}`]],
    ['E10001', 'bfloat16 on a 310P', ['--precision_mode=allow_mix_precision_bf16']],
    ['E10001', 'a level of determinism without it', ['--deterministic_level=1']],
    ['E10001', 'an unknown way of streams', ['--multi_stream_parallel_mode=all']],
    ['E10056', 'one stream and several', ['--enable_single_stream=true', '--multi_stream_parallel_mode=cv']],
    ['E10001', 'a switch that is neither on nor off', ['--optimization_switch=Pass:maybe']],
    ['E10001', 'the tuning that is gone', ['--auto_tune_mode=RL']],
    ['E10055', 'image pre-processing', [`--insert_op_conf=${add}`]],
    [
      'E10001',
      'image pre-processing with gears of dims',
      [`--insert_op_conf=${add}`, '--dynamic_dims=1;2', '--input_format=ND'],
    ],
    ['E10001', 'image pre-processing of ND', [`--insert_op_conf=${add}`, '--input_format=ND']],
    ['E10055', 'the layout of the hardware', ['--is_input_adjust_hw_layout=true']],
    ['E10055', 'a single operator', ['--singleop=op.json']],
    ['E10016', 'an output that is not there', ['--out_nodes=nothing:0']],
    ['E10001', 'an output twice', ['--out_nodes=sum;sum']],
    ['E10001', 'an unknown output type', ['--output_type=FP8']],
    ['E10016', 'an output type for what is no output', ['--output_type=nothing:0:FP16']],
    ['E10016', 'a half-precision input that is not there', ['--input_fp16_nodes=c']],
    ['E10017', 'a half-precision input that is a node', ['--input_fp16_nodes=Add_0']],
    ['E10047', 'shapes in both ways', ['--input_shape=a:2,3', '--input_shape_range=a:[2,3]']],
    ['E10048', 'ranges without brackets', ['--input_shape_range=a:2,3']],
    ['E10009', 'ranges and gears', ['--input_shape_range=a:[2,3]', '--dynamic_batch_size=1,2']],
    ['E10040', 'a range where gears are', ['--input_shape=a:1~2,3', '--dynamic_batch_size=1,2']],
  ]
  for (const [code, what, options] of refusals)
    it(`refuses ${what} with ${code} and 255, and writes nothing`, () => {
      const { status, stdout } = compile(add, ...options)
      expect(stdout).to.match(new RegExp(`^${code}: \\[PID: \\d+\\] `, 'm'))
      expect(status).to.equal(255)
      expect(readdirSync(folder)).to.deep.equal([])
    })

  it('takes from 2 to 100 gears', () => {
    const gears = (count: number): string =>
      `--dynamic_batch_size=${Array.from({ length: count }, (_, i) => i + 1).join(',')}`
    const open = '--input_shape=left:-1,3;right:-1,3'
    expect(compile(dynamic, open, gears(100)).status).to.equal(0)
    expect(compile(dynamic, open, gears(101)).stdout).to.include('E10036')
    expect(compile(dynamic, open, gears(1)).stdout).to.include('E10035')
  })

  it('takes a name it does not know when the simulated chip has that name', () => {
    const fixed = [`--model=${add}`, '--framework=5', '--output=out', '--soc_version=Ascend999Z']
    expect(run(fixed, { ACL_SIM_SOC: 'Ascend999Z' }).status).to.equal(0)
    expect(run(fixed).status).to.equal(255)
  })

  it('prints its options with --help and -h', () => {
    for (const flag of ['--help', '-h']) {
      const { status, stdout } = run([flag])
      expect(status).to.equal(0)
      expect(stdout).to.include('--output_type').and.to.include('--topo_sorting_mode')
    }
  })
})
