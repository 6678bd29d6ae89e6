import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { requireTool, root } from '../support/environment'
import { simulatedNpu, simulatorSettings } from '../support/native'
import { expectSuccess, scratchFolder, startAasist } from './support'

/** Each is one that people have in their scripts around ais_bench; they share no code. */
const shellParsers = {
  throughput: [
    `grep throughput log | tail -n 1 | awk '{print $NF}'`,
    `sed -n 's/^\\[INFO\\] throughput .*: //p' log`,
    `grep -oE 'throughput.*' log | cut -d: -f2 | tr -d ' '`,
  ],
  mean: [
    `grep NPU_compute_time log | head -n 1 | grep -oE 'mean = [0-9.e-]+' | awk '{print $3}'`,
    `awk -F'mean = |, median' '/NPU_compute_time \\(ms\\)/ {print $2}' log`,
    `sed -n 's/.*NPU_compute_time\\.mean(\\([^)]*\\)).*/\\1/p' log`,
  ],
} as const

const python = String.raw`
import json, re, sys
text = open('log').read()
name = r'NPU_compute_time \(ms\): '
block = {k: float(v) for k, v in re.findall(r'([a-z][a-z(0-9%)]*) = ([0-9.e+-]+)', re.search(name + '(.*)', text).group(1))}
block['throughput'] = float(re.findall(r'throughput 1000\*batchsize\.mean\(\d+\)/NPU_compute_time\.mean\([^)]*\): (\S+)', text)[0])
summary = json.load(open('out/one_summary.json'))
times = summary['npu_compute_time_list']
own = {'count': len(times), 'mean': sum(times) / len(times), 'max': max(times), 'min': min(times)}
json.dump({'block': block, 'summary': summary, 'own': own}, sys.stdout)
`

interface PythonReading {
  readonly block: Readonly<Record<string, number>>
  readonly summary: {
    readonly NPU_compute_time: Readonly<Record<string, number>>
    readonly throughput: number
  }
  readonly own: Readonly<Record<'count' | 'mean' | 'max' | 'min', number>>
}

describe("aasist bench, read by other people's scripts", function () {
  this.timeout(60_000)
  const folder = scratchFolder()
  const npu = simulatedNpu()

  beforeEach(async () => {
    const om = npu.models.compile(join(root, 'test', 'fixtures', 'onnx', 'add.onnx'))
    const args = ['bench', '--model', om, '--loop', '50', '--output', 'out', '--output_dirname', 'one']
    const env = { ...simulatorSettings(), AASIST_ACL_LIBRARY: npu.libraryPath, ACL_SIM_EXEC_US: '1000' }
    const ended = await startAasist(args, { cwd: folder(), env }).ended
    expectSuccess(ended)
    // As 2>&1 does, with what else it says in front.
    writeFileSync(join(folder(), 'log'), ended.stderr + ended.stdout)
  })

  const read = (): PythonReading =>
    JSON.parse(execFileSync('python3', ['-c', python], { cwd: folder(), encoding: 'utf8' })) as PythonReading

  it('gives grep, awk and sed the throughput and the mean of the summary file', function () {
    requireTool(this, 'python3')
    const { summary } = read()
    const expected = { throughput: summary.throughput, mean: summary.NPU_compute_time['mean']! }
    for (const figure of ['throughput', 'mean'] as const) {
      for (const script of shellParsers[figure]) {
        const found = execFileSync('sh', ['-c', script], { cwd: folder(), encoding: 'utf8' })
        expect(found.trim(), script).to.match(/^\S+$/)
        expect(Number(found), script).to.equal(expected[figure])
      }
    }
  })

  it("gives Python's json and re one set of figures, which its list of times bears out", function () {
    requireTool(this, 'python3')
    const { block, summary, own } = read()
    const { count, ...figures } = summary.NPU_compute_time
    expect(block).to.deep.equal({ ...figures, throughput: summary.throughput })
    expect(Object.keys(figures)).to.have.members(['min', 'max', 'mean', 'median', 'percentile(99%)'])
    expect(count).to.equal(50)
    expect(own.count).to.equal(50)
    // Each is the difference of two times since the machine started, of some nanosecond's precision.
    for (const name of ['mean', 'max', 'min'] as const) expect(figures[name]).to.be.closeTo(own[name], 1e-6)
  })
})
