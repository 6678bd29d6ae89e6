import { expect } from 'chai'
import { AtcOutput } from '../../lib/toolchain/atc-output'

function read(...lines: readonly string[]): AtcOutput {
  const output = new AtcOutput()
  for (const line of lines) output.take(line)
  return output
}
const start = 'ATC start working now, please wait for a moment.'
const failed = "ATC run failed, Please check the detail log, Try 'atc --help' for more information"

describe("toolchain: atc's output", () => {
  it('has its code and text in a line behind process and time', () => {
    const { problem, codes } = read(
      start,
      '...',
      failed,
      'E10001: [PID: 2410] 2026-07-12-10:11:12.013.222 Value [ND1] for parameter [--input_format] is invalid.',
      '        Solution: Set a valid value.',
    )
    expect(problem).to.deep.equal({
      code: 'E10001',
      text: 'Value [ND1] for parameter [--input_format] is invalid.',
      solution: 'Set a valid value.',
    })
    expect(codes).to.deep.equal(['E10001'])
  })

  it('names the operator rather than the inner error before it', () => {
    const { problem, codes } = read(
      failed,
      'E19999: Inner Error!',
      'EZ9999: [PID: 7] 2026-07-12-10:11:12.013.222 Inner Error!',
      'EZ3002: Optype [Selu] of Ops kernel [AIcoreEngine] is unsupported. Reason: it is not registered.',
      '        Possible Cause: The operator type is unsupported in the operator information library.',
      'E19010: No parser is registered for Op [x, optype [Selu]].',
    )
    expect(problem?.code).to.equal('EZ3002')
    expect(problem?.solution).to.match(/^The operator type/)
    expect(codes).to.deep.equal(['E19999', 'EZ9999', 'EZ3002', 'E19010'])
  })

  it('may have the code behind a title', () => {
    const line =
      '[PID: 411] 2026-08-19-11:00:00.000.001 Invalid_Argument(E10003): Value [x] for [--mode] is invalid.'
    expect(read(failed, line).problem).to.include({
      code: 'E10003',
      text: 'Value [x] for [--mode] is invalid.',
    })
  })

  it('has no code for an option that atc does not know', () => {
    expect(read("ERROR: unknown command line flag 'colour'").problem).to.include({
      code: null,
      text: "unknown command line flag 'colour'",
    })
  })

  it('takes warnings and words for no problem', () => {
    expect(read(start, 'W11001: Op [x] does not hit the high-priority operator.', '...').problem).to.equal(
      undefined,
    )
  })

  it('is kept to its end, however long', () => {
    const output = new AtcOutput()
    for (let line = 0; line < 100_000; line++) output.take(`line ${line} ${'x'.repeat(500)}`)
    for (let line = 0; line < 1000; line++) output.take(`E1${1000 + line}: something`)
    expect(output.tail.length).to.be.below(40_000)
    expect(output.codes).to.have.length(50)
    expect(output.tail).to.match(/E11999: something$/)
  })
})
