import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { npyFile } from '../../lib/benchmark/npy'
import { until } from '../toolchain/stand-ins'
import { benchRuns, onnxFixture } from './bench-runs'
import { expectFailure, expectSuccess } from './support'

const floats = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

/** As people's scripts take ais_bench's block apart. */
const number = String.raw`(?:\d+\.\d+(?:e[-+]\d\d)?|\d+e[-+]\d\d)`
const figures = `min = (${number}), max = (${number}), mean = (${number}), median = (${number}), percentile\\(99%\\) = (${number})`
const block = new RegExp(
  [
    String.raw`^\[INFO\] -----------------Performance Summary------------------`,
    String.raw`\[INFO\] NPU_compute_time \(ms\): ${figures}`,
    String.raw`\[INFO\] throughput 1000\*batchsize\.mean\((\d+)\)/NPU_compute_time\.mean\((${number})\): (${number})`,
    String.raw`\[INFO\] ------------------------------------------------------\n$`,
  ].join('\n'),
)

interface Summary {
  readonly filesinfo: Readonly<
    Record<string, { readonly infiles: readonly string[]; readonly outfiles: readonly string[] }>
  >
  readonly NPU_compute_time: Readonly<Record<string, number>>
  readonly H2D_latency: Readonly<Record<string, number>>
  readonly npu_compute_time_list: readonly (number | readonly [number, number])[]
  readonly throughput: number
}
const read = (path: string): Summary => JSON.parse(readFileSync(path, 'utf8')) as Summary

describe('aasist bench', function () {
  this.timeout(60_000)
  const { folder, om, start, bench } = benchRuns()

  it("prints ais_bench's block, with figures that follow from each other", async () => {
    const ended = await bench(['--model', om('add'), '--loop', '40'], { ACL_SIM_EXEC_US: '2000' })
    expectSuccess(ended)
    const [, ...found] = block.exec(ended.stdout) ?? []
    expect(found, ended.stdout).to.have.length(8)
    const [min, max, mean, median, p99, batch, dividedBy, throughput] = found.map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    expect([min, median, p99, max]).to.deep.equal([min, median, p99, max].sort((one, other) => one - other))
    expect(batch).to.equal(2)
    expect(dividedBy).to.equal(mean)
    expect(throughput).to.be.closeTo((1000 * 2) / mean, 1e-9)
    // What one run computes is set.
    expect(min).to.be.at.least(1.99)
    expect(ended.stderr).to.include('simulator')
  })

  it("gives a script that greps the last throughput line and takes its last word what ais_bench's own do", async () => {
    const { stdout } = await bench(['--model', om('add'), '--loop', '3', '--batchsize', '8'])
    const line = stdout
      .split('\n')
      .filter(each => each.includes('throughput'))
      .at(-1)!
    const mean = Number(/NPU_compute_time\.mean\((.*?)\)/.exec(line)![1])
    expect(Number(line.split(' ').at(-1))).to.be.closeTo(8000 / mean, 1e-6)
  })

  it('shows the copies when asked to, also when they overlap', async () => {
    const ended = await bench(
      ['--model', om('add'), '--loop', '20', '--display_all_summary', '1', '--pipeline', 'yes'],
      { ACL_SIM_EXEC_US: '2000' },
    )
    expectSuccess(ended)
    const names = [...ended.stdout.matchAll(/\[INFO\] (\w+) \(ms\)/g)].map(([, name]) => name)
    expect(names).to.deep.equal(['H2D_latency', 'NPU_compute_time', 'D2H_latency'])
  })

  it('counts what several sessions compute at the same time once', async () => {
    const ended = await bench(
      [
        '--model',
        om('add'),
        '--loop',
        '24',
        '--pipeline',
        '1',
        '--threads',
        '2',
        '--output',
        'out',
        '--output_dirname',
        'two',
      ],
      { ACL_SIM_EXEC_US: '2000' },
    )
    expectSuccess(ended)
    expect(ended.stdout).to.match(/NPU_compute_time \(ms\): mean = [\d.]+\n/)
    const {
      NPU_compute_time: times,
      npu_compute_time_list: list,
      throughput,
    } = read(join(folder(), 'out', 'two_summary.json'))
    expect(times).to.have.all.keys('mean', 'count')
    expect(list).to.have.length(24)
    // One device computes one run at a time, however many sessions wait for it.
    expect(times['mean']).to.be.at.least(1.99)
    expect(throughput).to.be.closeTo(2000 / times['mean']!, 1e-9)
  })

  it('computes on several devices side by side, each with its block, and adds them up', async () => {
    const ended = await bench([
      '--model',
      om('add'),
      '--device',
      '0,1',
      '--loop',
      '5',
      '--output',
      'out',
      '--output_dirname',
      'd',
    ])
    expectSuccess(ended)
    expect(ended.stdout.match(/Performance Summary/g)).to.have.length(2)
    const each = [
      ...ended.stdout.matchAll(/i:(\d) device_(\d) throughput:(\S+) start_time:\S+ end_time:\S+/g),
    ]
    expect(each.map(([, index, device]) => [index, device])).to.deep.equal([
      ['0', '0'],
      ['1', '1'],
    ])
    const sum = Number(/summary throughput:(\S+)/.exec(ended.stdout)![1])
    expect(sum).to.be.closeTo(
      each.reduce((total, [, , , throughput]) => total + Number(throughput), 0),
      1e-6,
    )
    expect(readdirSync(join(folder(), 'out', 'd')).sort()).to.deep.equal([
      'device0_0',
      'device0_0_summary.json',
      'device1_1',
      'device1_1_summary.json',
    ])
  })

  it('chooses a gear, and reads its batch off it', async () => {
    const batched = om('dynamic-batch', '--input_shape=left:-1,3;right:-1,3', '--dynamic_batch_size=1,2,4')
    const ended = await bench(['-m', batched, '--dymBatch', '4', '--json'])
    expectSuccess(ended)
    const { devices } = JSON.parse(ended.stdout) as { devices: readonly { batchSize: number }[] }
    expect(devices[0]!.batchSize).to.equal(4)
    const open = await bench(['-m', batched])
    expectFailure(open, 2, 'INVALID_ARGUMENT')
    expect(open.stderr).to.include('--dymBatch')
    expectFailure(await bench(['-m', batched, '--dymBatch', '3']), 1, 'INPUT_SHAPE')
  })

  it('takes dynamic shapes, and sizes of outputs that the model does not tell', async () => {
    const open = om('dynamic-batch', '--input_shape=left:-1,3;right:-1,3')
    for (const more of [[], ['--outputSize', '20']]) {
      const ended = await bench(['-m', open, '--dymShape', 'left:5,3;right:5,3', '--json', ...more])
      expectSuccess(ended)
      expect(
        (JSON.parse(ended.stdout) as { devices: readonly { batchSize: number }[] }).devices[0]!.batchSize,
      ).to.equal(5)
    }
  })

  describe('with files', () => {
    const sums = (path: string): readonly number[] => [
      ...new Float32Array(new Uint8Array(readFileSync(path)).buffer),
    ]
    /** Two folders of one row each: half an input of `add`, which takes [2, 3]. */
    function writeRows(count: number): readonly [string, string] {
      for (const [name, factor] of [
        ['a', 1],
        ['b', 10],
      ] as const) {
        mkdirSync(join(folder(), name))
        for (let index = 1; index <= count; index += 1) {
          const row = floats(index * factor, 0, factor)
          // Number 10 comes behind 9, and both kinds of files beside each other.
          const path = join(folder(), name, `clip_${index}.part.${index % 2 === 0 ? 'npy' : 'bin'}`)
          writeFileSync(path, index % 2 === 0 ? npyFile('float32', [1, 3], row) : row)
        }
        writeFileSync(join(folder(), name, 'notes.txt'), 'not an input')
      }
      return ['a', 'b']
    }

    it('puts small files together, fills up the last run, and gives each file its own result', async () => {
      const ended = await bench([
        '--model',
        om('add'),
        '--input',
        writeRows(11).join(),
        '--output',
        'out',
        '--output_dirname',
        'r',
        '--loop',
        '2',
      ])
      expectSuccess(ended)
      expect(ended.stderr).to.include(
        'get filesperbatch files0 size:12 tensor0size:24 filesperbatch:2 runcount:6\n',
      )
      expect(statSync(join(folder(), 'out')).mode & 0o777).to.equal(0o750)
      const results = readdirSync(join(folder(), 'out', 'r'))
      expect(results).to.have.length(11)
      for (let index = 1; index <= 11; index += 1) {
        expect(sums(join(folder(), 'out', 'r', `clip_${index}_0.bin`))).to.deep.equal([11 * index, 0, 11])
      }
      const { filesinfo, NPU_compute_time: times } = read(join(folder(), 'out', 'r_summary.json'))
      // Six runs, twice each.
      expect(times['count']).to.equal(12)
      expect(Object.keys(filesinfo)).to.have.length(11)
      expect(filesinfo['9']).to.deep.equal({
        infiles: ['a/clip_10.part.npy', 'b/clip_10.part.npy'],
        outfiles: ['out/r/clip_10_0.bin'],
      })
    })

    it('writes NumPy files and text as well', async () => {
      writeRows(2)
      for (const format of ['NPY', 'TXT']) {
        const files = ['--input', 'a,b', '--output', 'out', '--output_dirname', format, '--outfmt', format]
        expectSuccess(await bench(['--model', om('add'), ...files]))
      }
      const first = readFileSync(join(folder(), 'out', 'NPY', 'clip_1_0.npy'))
      expect(first).to.deep.equal(Buffer.from(npyFile('float32', [1, 3], floats(11, 0, 11))))
      expect(readFileSync(join(folder(), 'out', 'TXT', 'clip_2_0.txt'), 'utf8')).to.equal(
        '22.000000 0.000000 11.000000\n',
      )
    })

    it('divides them between devices when asked to', async () => {
      writeRows(8)
      const files = [
        '--input',
        'a,b',
        '--output',
        'out',
        '--output_dirname',
        'r',
        '--divide_input',
        '1',
        '--device',
        '0,1',
      ]
      expectSuccess(await bench(['--model', om('add'), ...files]))
      const made = ['device0_0', 'device1_1'].map(name => readdirSync(join(folder(), 'out', 'r', name)))
      expect(made.map(({ length }) => length)).to.deep.equal([4, 4])
      expect(made.flat().sort()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8].map(index => `clip_${index}_0.bin`))
    })

    for (const [what, args, prepare, status, code] of [
      [
        'a file that is no even part of its input',
        ['--input', 'x.bin,x.bin'],
        () => writeFileSync(join(folder(), 'x.bin'), floats(1, 2, 3, 4)),
        1,
        'INPUT_SHAPE',
      ],
      [
        'an empty file',
        ['--input', 'x.bin,x.bin'],
        () => writeFileSync(join(folder(), 'x.bin'), ''),
        1,
        'INPUT_SHAPE',
      ],
      [
        'small files when overlapped',
        ['--input', 'a,b', '--pipeline', '1'],
        () => writeRows(2),
        1,
        'INPUT_SHAPE',
      ],
      ['fewer folders than inputs', ['--input', 'a'], () => writeRows(2), 1, 'DATASET_INVALID'],
      [
        'a number of files that the inputs do not divide',
        ['--input', 'x.bin,x.bin,x.bin'],
        () => writeFileSync(join(folder(), 'x.bin'), floats(1, 2, 3)),
        1,
        'DATASET_INVALID',
      ],
      ['a file that is not there', ['--input', 'none.bin,none.bin'], () => undefined, 1, 'DATASET_INVALID'],
      [
        'names that differ behind their first dot only, where results are kept',
        ['--input', 'a.1.bin,a.2.bin,b.1.bin,b.2.bin', '--output', 'out'],
        () => {
          for (const name of ['a.1', 'a.2', 'b.1', 'b.2'])
            writeFileSync(join(folder(), `${name}.bin`), floats(1, 2, 3))
        },
        1,
        'DATASET_INVALID',
      ],
      ['an empty folder', ['--input', 'a,b'], () => writeRows(0), 1, 'DATASET_INVALID'],
    ] as const) {
      it(`refuses ${what} (${code})`, async () => {
        prepare()
        expectFailure(await bench(['--model', om('add'), ...args]), status, code)
      })
    }
  })

  it('measures a range of shapes one by one, and lists them by throughput, failed ones last', async () => {
    const open = om('dynamic-batch', '--input_shape=left:-1,3;right:-1,3')
    const range = 'left:2~6~2,3;right:4,3'
    const ended = await bench(['--model', open, '--dymShape_range', range, '--loop', '3'])
    // Of three pairs only those of equal batches can be added.
    expect(ended.status, ended.stderr).to.equal(1)
    const [, runs, good, average] = /run_count:(\d+) success_count:(\d+) avg_throughput:(\S+)/.exec(
      ended.stdout,
    )!
    expect([runs, good]).to.deep.equal(['3', '1'])
    const lines = [...ended.stdout.matchAll(/(\d) dymshape:(\S+) {2}result:(\w+) throughput:(\S+)/g)]
    expect(lines.map(([, place, shape, result]) => [place, shape, result])).to.deep.equal([
      ['0', 'left:4,3;right:4,3', 'OK'],
      ['1', 'left:2,3;right:4,3', 'Failed'],
      ['2', 'left:6,3;right:4,3', 'Failed'],
    ])
    expect(lines[0]![4]).to.equal(average)
    expect(lines[1]![4]).to.equal('0.0')
    expect(ended.stdout.match(/Performance Summary/g)).to.have.length(2)
    writeFileSync(join(folder(), 'shapes.txt'), 'left:1,3;right:1,3\n\nleft:2,3;right:2,3\n')
    const listed = await bench(['--model', open, '--dymShape_range', 'shapes.txt', '--json'])
    expectSuccess(listed)
    const { shapes: found } = JSON.parse(listed.stdout) as {
      shapes: readonly { shape: string; throughput: number; error: null }[]
    }
    expect(found.map(({ shape, error }) => [shape, error])).to.deep.equal([
      ['left:1,3;right:1,3', null],
      ['left:2,3;right:2,3', null],
    ])
  })

  it('takes each shape from its .npy files when asked to, and counts their mean batch', async () => {
    const open = om('dynamic-batch', '--input_shape=left:-1,3;right:-1,3')
    for (const name of ['left', 'right']) {
      mkdirSync(join(folder(), name))
      for (const batch of [1, 2, 5]) {
        const values = floats(...Array.from({ length: 3 * batch }, (_, index) => index))
        writeFileSync(join(folder(), name, `${batch}.npy`), npyFile('float32', [batch, 3], values))
      }
    }
    const files = ['--input', 'left,right', '--output', 'out', '--output_dirname', 'r', '--outfmt', 'NPY']
    const ended = await bench(['--model', open, '-asdsm', '1', ...files])
    expectSuccess(ended)
    const divided = ['--divide_input', '1', '--device', '0,1']
    const [, batch, mean, throughput] =
      /batchsize\.mean\((\S+)\)\/NPU_compute_time\.mean\((\S+)\): (\S+)/.exec(ended.stdout)!
    expect(Number(batch)).to.be.closeTo(8 / 3, 1e-9)
    expect(Number(throughput)).to.be.closeTo((1000 * 8) / 3 / Number(mean), 1e-6)
    const last = readFileSync(join(folder(), 'out', 'r', '5_0.npy'))
    // Sums over rows of left + right, which are the same: 2 * (0 + 1 + 2), 2 * (3 + 4 + 5) and so on.
    const sums = floats(6, 24, 42, 60, 78)
    expect(last).to.deep.equal(Buffer.from(npyFile('float32', [5], sums)))
    const shares = await bench(['--model', open, '-asdsm', '1', '--input', 'left,right', ...divided])
    expectSuccess(shares)
    // Of 1, 2 and 5 the first device has 1 and 5.
    expect([...shares.stdout.matchAll(/batchsize\.mean\((\S+?)\)/g)].map(([, mean]) => mean)).to.deep.equal([
      '3',
      '2',
    ])
    writeFileSync(join(folder(), 'x.bin'), floats(1, 2, 3))
    const plain = ['--input', 'x.bin,x.bin', '--auto_set_dymshape_mode', '1']
    expectFailure(await bench(['--model', open, ...plain]), 1, 'DATASET_INVALID')
    expectFailure(await bench(['--model', open, '--auto_set_dymdims_mode', '1']), 2, 'INVALID_ARGUMENT')
  })

  it('runs an ONNX model on the CPU with the same command', async () => {
    const ended = await bench(['--model', onnxFixture('add'), '--loop', '10', '--pure_data_type', 'random'])
    expectSuccess(ended)
    expect(ended.stdout).to.match(block)
    expectFailure(await bench(['--model', onnxFixture('add'), '--device', '0']), 2, 'INVALID_ARGUMENT')
  })

  it('knows the spellings of ait benchmark', async () => {
    const ended = await bench([
      '-om',
      om('add'),
      '-wcount',
      '0',
      '--batch-size=3',
      '-pdt',
      'random',
      '-das',
      't',
    ])
    expectSuccess(ended)
    expect(ended.stdout).to.include('batchsize.mean(3)').and.include('H2D_latency')
  })

  for (const [flag, value, reason] of [
    ['--profiler', '1', 'msprof'],
    ['--profiler', undefined, 'msprof'],
    ['--dump', 'true', 'dump'],
    ['--acl_json_path', 'acl.json', 'environment'],
    ['--backend', 'trtexec', 'NVIDIA'],
    ['--aipp-config', 'x.config', 'AIPP'],
  ] as const) {
    it(`says why it does not take ${flag} ${value ?? '(alone)'}`, async () => {
      const ended = await bench(['--model', om('add'), flag, ...(value === undefined ? [] : [value])])
      expectFailure(ended, 2, 'INVALID_ARGUMENT')
      expect(ended.stderr).to.include(reason)
    })
  }

  it('takes flags of that kind where they switch something off, as scripts write them', async () => {
    expectSuccess(
      await bench([
        '--model',
        om('add'),
        '--profiler',
        '0',
        '--dump',
        'no',
        '--dymBatch',
        '0',
        '--debug',
        '0',
      ]),
    )
  })

  for (const [what, args] of [
    ['no model', []],
    ['two kinds of gears', ['--model', 'x.om', '--dymBatch', '2', '--dymHW', '2,3']],
    ['a name for results without a folder', ['--model', 'x.om', '--output_dirname', 'r']],
    [
      'a name for results that leads elsewhere',
      ['--model', 'x.om', '--output', 'out', '--output_dirname', '../r'],
    ],
    ['no whole number of loops', ['--model', 'x.om', '--loop', '0']],
    ['devices that are none', ['--model', 'x.om', '--device', '256']],
    ['a switch that is none', ['--model', 'x.om', '--pipeline', 'perhaps']],
  ] as const) {
    it(`refuses ${what}`, async () => {
      expectFailure(await bench(args), 2, 'INVALID_ARGUMENT')
      expect(existsSync(join(folder(), 'r'))).to.equal(false)
    })
  }

  it('says which model is not there', async () => {
    expectFailure(await bench(['--model', 'none.om']), 1, 'MODEL_NOT_FOUND')
  })

  it('prints what was measured when it is stopped', async () => {
    const running = start(['--model', om('add'), '--loop', '100000'], { ACL_SIM_EXEC_US: '2000' })
    await until(() => running.stderr.includes('warm up 1 done'))
    await new Promise(resolve => setTimeout(resolve, 300))
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.status, ended.stderr).to.equal(130)
    expect(ended.stdout).to.match(block)
  })

  it('compares what it has measured when it is stopped', async () => {
    const pair = ['--model', om('add'), '--compare', om('add')]
    // Ten rounds of twenty runs are enough of them, and take 0.1 s; all would take half a minute.
    const running = start([...pair, '--loop', '2000'], { ACL_SIM_EXEC_US: '500' })
    await until(() => running.stderr.includes('2000 rounds to come'))
    await new Promise(resolve => setTimeout(resolve, 1500))
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.status, ended.stderr).to.equal(130)
    expect(ended.stdout).to.match(/second \/ first, medians: \d\.\d{4} /)
  })

  it('names the flag in what it says about its value', async () => {
    const ended = await bench(['--model', om('add'), '--compare', om('add'), '--loop', '5'])
    expectFailure(ended, 2, 'INVALID_ARGUMENT')
    expect(ended.stderr).to.match(/^aasist: --loop must be /m)
  })

  it('ends and prints what was measured when a run hangs and it is stopped', async () => {
    const running = start(['--model', om('add'), '--loop', '100'], { ACL_SIM_FAULTS: 'task:hang@20' })
    await until(() => running.stderr.includes('warm up 1 done'))
    await new Promise(resolve => setTimeout(resolve, 500))
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.stdout, ended.stderr).to.match(block)
    expect(ended.status).to.be.oneOf([3, 130])
  })

  it('computes twice on a device that is named twice, each for itself', async () => {
    const ended = await bench(['--model', om('add'), '--device', '1,1', '--loop', '4'])
    expectSuccess(ended)
    expect([...ended.stdout.matchAll(/i:(\d) device_(\d)/g)].map(([text]) => text)).to.deep.equal([
      'i:0 device_1',
      'i:1 device_1',
    ])
  })

  it('takes cpu for the device of an ONNX model, and of no offline one', async () => {
    expectSuccess(await bench(['--model', onnxFixture('add'), '--device', 'cpu']))
    const refused = await bench(['--model', om('add'), '--device', 'cpu'])
    expectFailure(refused, 2, 'INVALID_ARGUMENT')
    expect(refused.stderr).to.include('ONNX model')
  })

  it('says what it ran on and the percentiles ais_bench has not, beside the block', async () => {
    const ended = await bench(['--model', om('add'), '--loop', '5'])
    expectSuccess(ended)
    expect(ended.stdout).to.match(block)
    expect(ended.stderr).to.match(
      new RegExp(
        `percentiles \\(ms\\): p50 = ${number}, p90 = ${number}, p95 = ${number}, p99 = ${number}, p99.9 = `,
      ),
    )
    expect(ended.stderr).to.match(/machine: \d+ x .+ GiB, linux /)
    expect(ended.stderr).to.match(/devices: 0: Ascend310P3\n/)
    expect(ended.stderr).to.match(/versions: aasist-ascend .+, Node .+, simulator of CANN /)
    expect(ended.stderr).to.include('clock: CLOCK_MONOTONIC, nanoseconds')
    const onCpu = await bench(['--model', onnxFixture('add'), '--json'])
    const { machine, versions } = JSON.parse(onCpu.stdout) as {
      machine: { cpus: number; npus: readonly string[] }
      versions: { npu: unknown; onnxruntime: string }
    }
    expect(machine.cpus).to.equal(cpus().length)
    expect(machine.npus).to.deep.equal([])
    expect(versions.npu).to.equal(null)
    expect(versions.onnxruntime).to.match(/^1\./)
  })

  it('writes a summary whose figures are those of its own list, and the arguments as they were given', async () => {
    const args = ['--model', om('add'), '--loop', '9', '--output', 'out', '--output_dirname', 'r']
    expectSuccess(await bench(args))
    const { npu_compute_time_list: list, ...summary } = read(join(folder(), 'out', 'r_summary.json'))
    const times = list as readonly number[]
    const { min, max, mean } = summary.NPU_compute_time
    expect(min).to.equal(Math.min(...times))
    expect(max).to.equal(Math.max(...times))
    expect(mean).to.be.closeTo(times.reduce((sum, time) => sum + time, 0) / 9, 1e-12)
    const [program, command, ...rest] = (summary as unknown as { args: readonly string[] }).args
    expect(program).to.match(/(aasist\.cjs|main\.js)$/)
    expect([command, ...rest]).to.deep.equal(['bench', ...args])
  })

  it('warms up until times are steady when asked to', async () => {
    const ended = await bench(['--model', om('add'), '--warmup_count', 'steady', '--loop', '3'], {
      ACL_SIM_EXEC_US: '1000',
    })
    expectSuccess(ended)
    const runs = Number(/warm up (\d+) done/.exec(ended.stderr)![1])
    expect(runs % 20).to.equal(0)
    expect(runs).to.be.at.least(60)
  })

  it('ends with RUN_TIMEOUT when a run hangs longer than --timeout, and prints what was measured', async () => {
    const ended = await bench(['--model', om('add'), '--loop', '100', '--timeout', '0.5'], {
      ACL_SIM_FAULTS: 'task:hang@20',
    })
    expectFailure(ended, 1, 'RUN_TIMEOUT')
    expect(ended.stdout).to.match(block)
  })

  for (const [what, args, said] of [
    ['a file that is no model', ['--model', 'weights.pth'], 'aasist convert'],
    [
      'more sessions than anyone has memory for',
      ['--model', 'x.om', '--pipeline', '1', '--threads', '100000'],
      '1024',
    ],
    ['a time-out of nothing', ['--model', 'x.om', '--timeout', '0'], 'seconds above 0'],
    ['a warm-up in words', ['--model', 'x.om', '--warmup_count', 'enough'], 'whole number'],
  ] as const) {
    it(`refuses ${what}, and says what it takes`, async () => {
      const ended = await bench(args)
      expectFailure(ended, 2, 'INVALID_ARGUMENT')
      expect(ended.stderr).to.include(said)
    })
  }

  it('takes no empty name for files, as of a variable that is not set, for none', async () => {
    expectFailure(await bench(['--model', om('add'), '--input', '']), 2, 'INVALID_ARGUMENT')
  })

  it('fails at once where no folder can be made, and leaves none where nothing was measured', async () => {
    expectFailure(await bench(['--model', om('add'), '--output', '/proc/x']), 1, 'OUTPUT_UNWRITABLE')
    expectFailure(
      await bench(['--model', 'none.om', '--output', 'out', '--device', '0,1']),
      1,
      'MODEL_NOT_FOUND',
    )
    expect(readdirSync(join(folder(), 'out'))).to.deep.equal([])
  })
})
