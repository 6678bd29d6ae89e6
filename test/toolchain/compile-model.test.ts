import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { create, toBinary } from '@bufbuild/protobuf'
import { compileModel, type CompiledModel, type CompileEvent, type CompileModelOptions } from '../../lib'
import { errorCode } from '../../lib/errors'
import { ModelProtoSchema } from '../../lib/model/onnx/onnx_pb'
import { findSimulator, simulatorEnvironment } from '../../lib/toolchain'
import { requireSimulatorBuild } from '../simulator/support'
import { root } from '../support/environment'
import { failureOf } from '../support/failure'
import { scratchFolder } from '../support/scratch-folder'
import { isAlive, until, writeProgram } from './stand-ins'

const fixture = (name: string): string => join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)
const soc = 'Ascend310P3'

/** Temporary folders of compilations that are not there any more when one is through. */
const workFolders = (folder: string): string[] =>
  readdirSync(folder).filter(name => name.startsWith('aasist-atc-'))

describe('toolchain: compileModel with the simulator', () => {
  const folder = scratchFolder()
  let environment: NodeJS.ProcessEnv = {}
  before(function () {
    requireSimulatorBuild(this)
    environment = simulatorEnvironment(findSimulator())
  })
  const compile = (onnx: string, options: CompileModelOptions = {}): Promise<CompiledModel> =>
    compileModel(onnx, { soc, environment, out: join(folder(), 'model.om'), ...options })
  /** atc writes its command line into the model. */
  const commandIn = (om: string): string => /^command\t(.*)$/m.exec(readFileSync(om, 'latin1'))?.[1] ?? ''

  it('writes the model and its description, and nothing else', async () => {
    const made = await compile(fixture('add'))
    const om = readFileSync(made.path)
    const sha256 = createHash('sha256').update(om).digest('hex')
    expect(readdirSync(folder()).sort()).to.deep.equal(['model.om', 'model.om.json'])
    expect(made).to.include({
      path: join(folder(), 'model.om'),
      bytes: om.length,
      sha256,
      soc,
      socSource: 'given',
    })
    const description = JSON.parse(readFileSync(made.sidecar, 'utf8')) as Record<
      string,
      Record<string, unknown>
    >
    expect(description).to.have.keys(
      ...['command', 'soc', 'socSource', 'atc', 'input', 'optionFiles', 'output'],
      ...['environment', 'versions', 'date', 'seconds'],
    )
    expect(description['command']).to.deep.equal([
      join(root, 'build', 'simulator', 'bin', 'atc'),
      '--framework=5',
      `--model=${fixture('add')}`,
      `--output=${join(folder(), 'model')}`,
      `--soc_version=${soc}`,
      '--input_format=ND',
      '--input_shape=a:2,3;b:2,3',
      '--log=error',
      '--optypelist_for_implmode=Sigmoid',
      '--op_select_implmode=high_performance',
    ])
    expect(description['output']).to.include({ name: 'model.om', sha256 })
    expect(description['input']).to.include({
      sha256: createHash('sha256')
        .update(readFileSync(fixture('add')))
        .digest('hex'),
    })
  })

  it('gives equal bytes every time', async () => {
    const [first, second] = [await compile(fixture('add')), await compile(fixture('add'))]
    expect(second.sha256).to.equal(first.sha256)
  })

  it('hands every option of its own and any other to atc, files by their content', async () => {
    const files = ['keep.cfg', 'mix list.json', 'precision.ini'].map(name => join(folder(), name))
    for (const file of files) writeFileSync(file, '{}')
    const [keepDtype = '', mixlist = '', precision = ''] = files
    const { path } = await compile(fixture('dynamic-batch'), {
      ...{ batch: [1, 2, 4], precisionModeV2: 'mixed_float16', keepDtype, mixlist, logLevel: 'info' },
      atcOptions: { deterministic: '1', op_precision_mode: precision },
    })
    expect(commandIn(path).split(' ').slice(1)).to.have.members([
      '--framework=5',
      '--model=in/model.onnx',
      '--output=out/model',
      `--soc_version=${soc}`,
      '--input_format=ND',
      '--input_shape=left:-1,3;right:-1,3',
      '--dynamic_batch_size=1,2,4',
      '--log=info',
      '--precision_mode_v2=mixed_float16',
      '--keep_dtype=in/keep_dtype.cfg',
      '--modify_mixlist=in/modify_mixlist.json',
      '--deterministic=1',
      '--op_precision_mode=in/op_precision_mode.ini',
    ])
  })

  it('compiles for one size of an open batch', async () => {
    const { path } = await compile(fixture('dynamic-batch'), {
      batch: [3],
      precisionMode: 'must_keep_origin_dtype',
    })
    expect(commandIn(path)).to.include('--input_shape=left:3,3;right:3,3')
  })

  it('takes names of files that atc does not', async () => {
    const odd = join(folder(), "a b'$(c)")
    mkdirSync(odd)
    writeFileSync(join(odd, 'my model.onnx'), readFileSync(fixture('add')))
    const { path } = await compile(join(odd, 'my model.onnx'), { out: join(odd, 'für alle;.om') })
    expect(readdirSync(odd).sort()).to.deep.equal(['für alle;.om', 'für alle;.om.json', 'my model.onnx'])
    expect(commandIn(path)).to.include('--output=out/model')
  })

  it('takes bytes, and puts .om behind a name', async () => {
    const bytes = readFileSync(fixture('add'))
    const { path } = await compileModel(bytes, { soc, environment, out: join(folder(), 'from-bytes') })
    expect(path).to.equal(join(folder(), 'from-bytes.om'))
    expect(errorCode(await failureOf(compileModel(bytes, { soc, environment })))).to.equal('INVALID_ARGUMENT')
  })

  it('tells what atc says while it works', async () => {
    const events: CompileEvent[] = []
    await compile(fixture('add'), { onEvent: event => events.push(event) })
    expect(events[0]).to.have.property('kind', 'started')
    const lines = events.flatMap(event => (event.kind === 'output' ? event.line : []))
    expect(lines).to.include('ATC start working now, please wait for a moment.')
  })

  it('turns the coded errors of atc into ATC_FAILED, and leaves what was there', async () => {
    const out = join(folder(), 'model.om')
    writeFileSync(out, 'the one before')
    const error = await failureOf(compile(fixture('add'), { inputShape: 'a:7,3;b:2,3' }))
    expect(errorCode(error)).to.equal('ATC_FAILED')
    expect(error.message).to.match(/^atc ended with exit code 255: E\d+: /)
    expect(error.detail!['code']).to.match(/^E\d+$/)
    expect(error.detail!['codes']).to.deep.equal([error.detail!['code']])
    expect(error.detail!['tail']).to.include('ATC run failed')
    expect(readFileSync(out, 'utf8')).to.equal('the one before')
    expect(readdirSync(folder())).to.deep.equal(['model.om'])
  })

  it('does the same for options that atc does not know or take', async () => {
    const unknown = await failureOf(compile(fixture('add'), { atcOptions: { colour: 'red' } }))
    expect(errorCode(unknown)).to.equal('ATC_FAILED')
    expect(unknown.message).to.include("flag 'colour'")
    const value = await failureOf(compile(fixture('add'), { atcOptions: { deterministic: 'maybe' } }))
    expect(value.message).to.match(/E10\d\d\d: .*deterministic/)
  })
})

describe('toolchain: compileModel refuses', () => {
  const folder = scratchFolder()
  const out = () => join(folder(), 'x.om')
  /** Nothing of these gets as far as atc. */
  const atc = () => writeProgram(join(folder(), 'tools', 'atc'), ['touch "$0.started"', 'exit 1'])
  const oneNode = (location: string): Uint8Array =>
    toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        graph: {
          node: [{ opType: 'Neg', input: ['x'], output: ['y'] }],
          initializer: [
            { name: 'w', dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: location }] },
          ],
        },
      }),
    )

  const cases: readonly [string, () => Promise<unknown>, string, RegExp][] = [
    [
      'an option that is none',
      () => compileModel(fixture('add'), { chip: 'x' } as object),
      'UNKNOWN_OPTION',
      /chip/,
    ],
    [
      'a model that is not there',
      () => compileModel('none.onnx', { out: out() }),
      'MODEL_NOT_FOUND',
      /none\.onnx/,
    ],
    [
      'a model that is a checkpoint',
      () => compileModel(join(root, 'models/demo/aasist-l-demo.pth'), { out: out() }),
      'MODEL_INVALID',
      /aasist convert/,
    ],
    [
      'a model that is compiled',
      () => compileModel(Buffer.from('IMOD1234'), { out: out() }),
      'MODEL_INVALID',
      /compiled already/,
    ],
    [
      'bytes of something else',
      () => compileModel(Buffer.from('\x0a\xff\xff\xff'), { out: out() }),
      'MODEL_INVALID',
      /not an ONNX/,
    ],
    ['no bytes', () => compileModel(Buffer.alloc(0), { out: out() }), 'MODEL_INVALID', /not an ONNX/],
    [
      'a folder that is not there',
      () => compileModel(fixture('add'), { out: '/nowhere/x.om' }),
      'OUTPUT_UNWRITABLE',
      /nowhere/,
    ],
    [
      'the model as its own result',
      () => {
        const same = join(folder(), 'same.om')
        writeFileSync(same, readFileSync(fixture('add')))
        return compileModel(same, { out: same })
      },
      'INVALID_ARGUMENT',
      /itself/,
    ],
    [
      'a time-out of nothing',
      () => compileModel(fixture('add'), { out: out(), timeoutMs: 0 }),
      'INVALID_ARGUMENT',
      /timeoutMs/,
    ],
    [
      'a SoC that is none',
      () => compileModel(fixture('add'), { out: out(), soc: '310P3', atc: atc() }),
      'INVALID_ARGUMENT',
      /Ascend310P3/,
    ],
    [
      'a file of an option that is not there',
      () => compileModel(fixture('add'), { out: out(), soc, atc: atc(), keepDtype: '/none.cfg' }),
      'INVALID_ARGUMENT',
      /none\.cfg/,
    ],
    [
      'constants outside of the model folder',
      () => compileModel(oneNode('../../etc/passwd'), { out: out(), soc, atc: atc() }),
      'MODEL_INVALID',
      /path of the model/,
    ],
    [
      'an atc that is not there',
      () => compileModel(fixture('add'), { out: out(), soc, atc: '/none/atc' }),
      'TOOL_NOT_FOUND',
      /none\/atc/,
    ],
    [
      'to work without one on PATH',
      () => compileModel(fixture('add'), { out: out(), soc, environment: { PATH: '/none' } }),
      'TOOL_NOT_FOUND',
      /set_env\.sh.*aasist simulator env/,
    ],
  ]
  for (const [what, act, code, says] of cases) {
    it(`${what} (${code})`, async () => {
      const error = await failureOf(act())
      expect(errorCode(error), error.message).to.equal(code)
      expect(error.message).to.match(says)
      expect(existsSync(join(folder(), 'tools', 'atc.started'))).to.equal(false)
      expect(readdirSync(folder()).filter(name => name !== 'tools' && name !== 'same.om')).to.deep.equal([])
    })
  }
})

describe('toolchain: compileModel with an atc that', () => {
  const folder = scratchFolder()
  /** `$output` and `$model` are the values of those options. */
  const parse = [
    'for argument; do case "$argument" in',
    '  --output=*) output="${argument#*=}" ;;',
    '  --model=*) model="${argument#*=}" ;;',
    'esac; done',
  ]
  const compile = (lines: readonly string[], options: CompileModelOptions = {}): Promise<CompiledModel> => {
    mkdirSync(join(folder(), 'tmp'), { recursive: true })
    mkdirSync(join(folder(), 'result'), { recursive: true })
    return compileModel(fixture('add'), {
      soc,
      atc: writeProgram(join(folder(), 'bin', 'atc'), [...parse, ...lines]),
      out: join(folder(), 'result', 'model'),
      ...options,
    })
  }
  const results = (): string[] =>
    (readdirSync(join(folder(), 'result'), { recursive: true }) as string[]).sort()
  const pidFile = () => join(folder(), 'pids')
  const pids = (): number[] => readFileSync(pidFile(), 'utf8').trim().split('\n').map(Number)
  let temporary: string | undefined
  beforeEach(() => {
    temporary = process.env['TMPDIR']
    mkdirSync(join(folder(), 'tmp'), { recursive: true })
    process.env['TMPDIR'] = join(folder(), 'tmp')
  })
  afterEach(() => {
    if (temporary === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = temporary
  })

  it('adds the system to the name of the model', async () => {
    const { path } = await compile(['echo whole > "${output}_linux_x86_64.om"'])
    expect(path).to.equal(join(folder(), 'result', 'model.om'))
    expect(readFileSync(path, 'utf8')).to.equal('whole\n')
    expect(results()).to.deep.equal(['model.om', 'model.om.json'])
  })

  it('scatters by-products over its current folder', async () => {
    await compile([
      'mkdir -p kernel_meta/deep && touch kernel_meta/deep/x fusion_result.json',
      'cp "$model" "$output.om"',
    ])
    expect(results()).to.deep.equal(['model.om', 'model.om.json'])
    expect(workFolders(join(folder(), 'tmp'))).to.deep.equal([])
    expect(existsSync(join('kernel_meta', 'deep'))).to.equal(false)
  })

  it('puts weights beside the model', async () => {
    const made = await compile([
      'mkdir -p out/weight && echo w > out/weight/weight_1',
      'echo m > "$output.om"',
    ])
    expect(made.companions).to.deep.equal(['weight/weight_1'])
    expect(results()).to.deep.equal(['model.om', 'model.om.json', 'weight', 'weight/weight_1'])
  })

  it('dies half way: nothing is left', async () => {
    const error = await failureOf(compile(['head -c 100 "$model" > "$output.om"', 'kill -KILL $$']))
    expect(errorCode(error)).to.equal('ATC_FAILED')
    expect(error.message).to.match(/SIGKILL.*out of memory/)
    expect(results()).to.deep.equal([])
    expect(workFolders(join(folder(), 'tmp'))).to.deep.equal([])
  })

  for (const [what, lines] of [
    ['says it was successful and wrote nothing', ['echo "ATC run success, welcome to the next use."']],
    ['says it was successful and wrote an empty file', ['touch "$output.om"']],
  ] as const) {
    it(what, async () => {
      const error = await failureOf(compile(lines))
      expect(errorCode(error)).to.equal('ATC_FAILED')
      expect(error.message).to.include('model.om')
      expect(results()).to.deep.equal([])
    })
  }

  const hanging = (): string[] => [
    'head -c 100 "$model" > "$output.om"',
    `sleep 300 & echo $! > '${pidFile()}.new'; echo $$ >> '${pidFile()}.new'; mv '${pidFile()}.new' '${pidFile()}'`,
    'wait',
  ]

  it('hangs: the time-out ends it and its helpers', async () => {
    const error = await failureOf(compile(hanging(), { timeoutMs: 500 }))
    expect(errorCode(error)).to.equal('ATC_FAILED')
    expect(error.detail).to.include({ timedOut: true })
    expect(error.message).to.include('0.5 s')
    await until(() => pids().every(pid => !isAlive(pid)))
    expect(results()).to.deep.equal([])
    expect(workFolders(join(folder(), 'tmp'))).to.deep.equal([])
  })

  it('is deaf to SIGTERM, with a deaf helper: an abort ends both, and rejects with its reason', async () => {
    const controller = new AbortController()
    const deaf = ["trap '' TERM", ...hanging().slice(0, -1), 'while true; do sleep 1; done']
    const compiling = failureOf(compile(deaf, { signal: controller.signal }))
    await until(() => existsSync(pidFile()))
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await compiling).to.equal(reason)
    await until(() => pids().every(pid => !isAlive(pid)))
    expect(results()).to.deep.equal([])
    expect(workFolders(join(folder(), 'tmp'))).to.deep.equal([])
  })

  it('ends and leaves a helper that keeps the pipes open', async () => {
    const beganMs = Date.now()
    await compile([`sleep 300 & echo $! > '${pidFile()}'`, 'cp "$model" "$output.om"'])
    expect(Date.now() - beganMs).to.be.below(10_000)
    await until(() => pids().every(pid => !isAlive(pid)))
  })

  it('takes its time: progress is told meanwhile', async () => {
    const events: CompileEvent[] = []
    await compile(['sleep 2.5', 'cp "$model" "$output.om"'], { onEvent: event => events.push(event) })
    const [progress] = events.filter(({ kind }) => kind === 'progress')
    expect(progress).to.have.property('elapsedSeconds').that.is.within(1.9, 2.6)
  })

  it('has no room to work in', async () => {
    process.env['TMPDIR'] = '/nowhere'
    const error = await failureOf(compile(['true']))
    expect(errorCode(error)).to.equal('OUTPUT_UNWRITABLE')
    expect(error.message).to.include('TMPDIR')
  })

  it('never stops talking', async () => {
    const error = await failureOf(
      compile([
        'yes "much to say about it" | head -c 30000000',
        'echo',
        'echo "E20001: it is too much."',
        'exit 1',
      ]),
    )
    expect(error.detail!['code']).to.equal('E20001')
    expect((error.detail!['tail'] as string).length).to.be.below(40_000)
  })

  it('cannot be started', async () => {
    const atc = join(folder(), 'atc')
    writeFileSync(atc, '#!/nowhere/interpreter\n')
    chmodSync(atc, 0o755)
    const error = await failureOf(compileModel(fixture('add'), { soc, atc, out: join(folder(), 'x') }))
    expect(errorCode(error)).to.equal('TOOL_FAILED')
  })

  it('belongs to the toolkit the environment names: its release is told', async () => {
    writeProgram(join(folder(), 'cann', 'bin', 'atc'), [...parse, 'cp "$model" "$output.om"'])
    mkdirSync(join(folder(), 'cann', 'compiler'))
    writeFileSync(
      join(folder(), 'cann', 'compiler', 'version.info'),
      'Version=8.1.RC1\nversion_dir=8.1.RC1\n',
    )
    const environment = { PATH: '/usr/bin:/bin', ASCEND_TOOLKIT_HOME: join(folder(), 'cann') }
    const made = await compileModel(fixture('add'), { soc, environment, out: join(folder(), 'x') })
    expect(made.atcVersion).to.equal('8.1.RC1')
    expect(made.command[0]).to.equal(join(folder(), 'cann', 'bin', 'atc'))
    const description = JSON.parse(readFileSync(made.sidecar, 'utf8')) as { environment: object }
    expect(description.environment).to.deep.equal({ ASCEND_TOOLKIT_HOME: join(folder(), 'cann') })
  })

  it('finds the constants that lie beside the model, read-only', async () => {
    const model = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        graph: {
          node: [{ opType: 'Neg', input: ['x'], output: ['y'] }],
          initializer: [
            {
              name: 'w',
              dataType: 1,
              dataLocation: 1,
              externalData: [{ key: 'location', value: 'parts/w.bin' }],
            },
          ],
        },
      }),
    )
    mkdirSync(join(folder(), 'parts'))
    writeFileSync(join(folder(), 'big.onnx'), model)
    writeFileSync(join(folder(), 'parts', 'w.bin'), 'weights')
    const atc = writeProgram(join(folder(), 'bin', 'atc'), [
      ...parse,
      'cp "$(dirname "$model")/parts/w.bin" "$output.om"',
    ])
    const { path } = await compileModel(join(folder(), 'big.onnx'), { soc, atc })
    expect(path).to.equal(join(folder(), 'big.om'))
    expect(readFileSync(path, 'utf8')).to.equal('weights')
  })
})
