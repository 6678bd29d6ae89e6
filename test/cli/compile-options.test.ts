/** Every option of `aasist compile` reaches atc: what the offline model says it was compiled with. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { compileModel, type CompileModelOptions } from '../../lib'
import { findSimulator, precisionModes, precisionModesV2, simulatorEnvironment } from '../../lib/toolchain'
import { requireSimulatorBuild } from '../simulator/support'
import { root } from '../support/environment'
import { aasist, expectFailure, expectSuccess, scratchFolder } from './support'

const fixture = (name: string): string => join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)
const soc = 'Ascend310P3'

describe('aasist compile and the command line in the model', () => {
  const folder = scratchFolder()
  let env: NodeJS.ProcessEnv = {}
  let atc = ''
  before(function () {
    atc = requireSimulatorBuild(this).atc
    env = simulatorEnvironment(findSimulator())
  })
  const file = (name: string, content = '{}'): string => {
    const path = join(folder(), name)
    writeFileSync(path, content)
    return path
  }
  /** Of `atc --mode=6`. */
  const shown = (om: string): string => execFileSync(atc, ['--mode=6', `--om=${om}`], { env }).toString()
  const commandIn = (om: string): readonly string[] =>
    /^Original Atc command line: (.*)$/m.exec(shown(om))![1]!.split(' ')

  /** Option of the wrapper → how it is called, and what atc must have been told. */
  const cases: readonly [option: string, args: () => readonly string[], told: readonly string[]][] = [
    ['--model', () => [], ['--model=in/model.onnx']],
    ['--out', () => [], ['--output=out/made']],
    ['--soc', () => ['--soc', soc], [`--soc_version=${soc}`]],
    ['--batch', () => ['--batch', '3'], ['--input_shape=left:3,3;right:3,3']],
    ['--batch', () => ['--batch', '1,2'], ['--input_shape=left:-1,3;right:-1,3', '--dynamic_batch_size=1,2']],
    ['--input-shape', () => ['--input-shape', 'left:5,3;right:5,3'], ['--input_shape=left:5,3;right:5,3']],
    [
      '--precision-mode',
      () => ['--batch', '1', '--precision-mode', 'allow_mix_precision'],
      ['--precision_mode=allow_mix_precision'],
    ],
    [
      '--precision-mode-v2',
      () => ['--batch', '1', '--precision-mode-v2', 'origin'],
      ['--precision_mode_v2=origin'],
    ],
    [
      '--keep-dtype',
      () => ['--batch', '1', '--keep-dtype', file('my ops.cfg', 'OpType::Add\n')],
      ['--keep_dtype=in/keep_dtype.cfg'],
    ],
    [
      '--mixlist',
      () => ['--batch', '1', '--precision-mode-v2', 'mixed_float16', '--mixlist', file('lists.json')],
      ['--modify_mixlist=in/modify_mixlist.json', '--precision_mode_v2=mixed_float16'],
    ],
    ['--log', () => ['--batch', '1', '--log', 'info'], ['--log=info']],
    ['--timeout', () => ['--batch', '1', '--timeout', '60'], []],
    ['--atc', () => ['--batch', '1', '--atc', atc], []],
    ['--json', () => ['--batch', '1', '--json'], []],
    [
      '-- options of atc',
      () => ['--batch', '1', '--', '--deterministic=1', '-topo-sorting-mode=2'],
      ['--deterministic=1', '--topo_sorting_mode=2'],
    ],
  ]
  const always = ['--framework=5', '--input_format=ND', '--op_select_implmode=high_performance']
  for (const [option, args, told] of cases) {
    it(`${told.length === 0 ? 'holds nothing of' : 'holds'} ${[option, ...told].join(' ')}`, async () => {
      const given = args()
      const batch = given.some(arg => ['--batch', '--input-shape'].includes(arg)) ? [] : ['--batch', '1']
      const chosen = given.includes('--soc') ? [] : ['--soc', soc]
      const model = ['--model', fixture('dynamic-batch'), '--out', join(folder(), 'made.om')]
      expectSuccess(
        await aasist(['compile', ...model, ...chosen, ...batch, ...given], { cwd: folder(), env }),
      )
      const command = commandIn(join(folder(), 'made.om'))
      expect(command).to.include.members([...always, ...told])
      if (told.length === 0) expect(command.join(' ')).to.not.include(option)
    })
  }

  it('hands AIPP on, which the simulator does not model and says so', async () => {
    const args = ['--model', fixture('add'), '--soc', soc, '--out', 'x', '--aipp', file('aipp.cfg')]
    const ended = await aasist(['compile', ...args], { cwd: folder(), env })
    expectFailure(ended, 1, 'ATC_FAILED')
    expect(ended.stderr).to.match(/E10055: .*insert_op_conf/)
  })

  it('leaves no option of the command out of this table', async () => {
    const { stdout } = await aasist(['compile', '--help'])
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name = '']) => name)
    const here = new Set([...cases.map(([option]) => option), '--aipp', '--help'])
    expect(options.filter(name => !here.has(name))).to.deep.equal([])
    expect(options).to.have.length.above(10)
  })

  const compiled = async (options: CompileModelOptions): Promise<readonly string[]> => {
    const out = join(folder(), 'made.om')
    return commandIn((await compileModel(fixture('add'), { soc, environment: env, out, ...options })).path)
  }

  it('holds every precision mode', async () => {
    // bfloat16 is not for the 310 family, and the hif8 modes are for chips that the simulator has not.
    const socOf = (mode: string): string => (/bf(loat)?16/.test(mode) ? 'Ascend910B3' : soc)
    for (const mode of precisionModes) {
      const told = await compiled({ soc: socOf(mode), precisionMode: mode })
      expect(told).to.include(`--precision_mode=${mode}`)
    }
    for (const mode of precisionModesV2.filter(each => !each.endsWith('hif8'))) {
      const told = await compiled({ soc: socOf(mode), precisionModeV2: mode })
      expect(told).to.include(`--precision_mode_v2=${mode}`)
    }
  })

  it('holds the options that are passed through, of each kind', async () => {
    const files = ['op_precision_mode', 'customize_dtypes', 'fusion_switch_file'].map(
      name => [name, file(`${name}.txt`)] as const,
    )
    const plain = {
      ...{
        ac_parallel_enable: '0',
        aicore_num: '8',
        atomic_clean_policy: '1',
        buffer_optimize: 'off_optimize',
      },
      ...{ core_type: 'AiCore', deterministic: '1', deterministic_level: '1', disable_reuse_memory: '1' },
      ...{ display_model_info: '1', dump_mode: '0', enable_attr_compression: 'true' },
      ...{ enable_single_stream: 'true', enable_small_channel: '1', export_compile_stat: '2' },
      ...{ external_weight: '0', host_env_cpu: 'aarch64', host_env_os: 'linux', input_fp16_nodes: 'a' },
      ...{ is_weight_clip: '0', jit_compile: '2', oo_constant_folding: 'false', oo_level: 'O1' },
      ...{ oo_dead_code_elimination: 'false', op_compiler_cache_mode: 'enable', op_debug_level: '0' },
      ...{ output_type: 'FP16', quant_dumpable: '0', sparsity: '0', status_check: '0' },
      ...{ tiling_schedule_optimize: '1', topo_sorting_mode: '3', virtual_type: '0' },
    }
    const told = await compiled({ atcOptions: { ...plain, ...Object.fromEntries(files) } })
    expect(told).to.include.members(Object.entries(plain).map(([name, value]) => `--${name}=${value}`))
    expect(told).to.include.members(files.map(([name]) => `--${name}=in/${name}.txt`))
    // Precision by file takes the place of the guide's modes.
    expect(told.join(' ')).to.not.include('--op_select_implmode')
  })

  it('holds the gears of other kinds', async () => {
    const out = join(folder(), 'gears.om')
    const dims = '1,1;4,4'
    await compileModel(fixture('dynamic-batch'), {
      ...{ soc, environment: env, out },
      atcOptions: { dynamic_dims: dims },
    })
    expect(commandIn(out)).to.include.members([
      `--dynamic_dims=${dims}`,
      '--input_shape=left:-1,3;right:-1,3',
    ])
  })
})
