import { expect } from 'chai'
import { Command } from 'commander'
import { ArgumentRangeError, ArgumentTypeError } from '../../lib'
import { inTermsOfFlags, modeOf, refuseIdleFlags } from '../../lib/cli/bench-modes'
import { addBenchOptions, inOneSpelling, type BenchFlags } from '../../lib/cli/bench-options'

/** What is said about a command line; empty where every flag has an effect. */
function complaint(...args: readonly string[]): string {
  const command = addBenchOptions(new Command('bench')).exitOverride()
  command.parse(inOneSpelling(['--model', 'a.om', ...args]), { from: 'user' })
  try {
    refuseIdleFlags(command, modeOf(command.opts<BenchFlags>()))
    return ''
  } catch (error) {
    expect(error).to.have.property('code', 'INVALID_ARGUMENT')
    return (error as Error).message
  }
}

describe('aasist bench: flags of its modes', () => {
  for (const args of [
    ['--loop', '5', '--input', 'a.bin', '--output', 'o', '--outfmt', 'TXT', '--run_mode', 'array'],
    ['-db', '8', '--warmup_count', 'steady', '--pipeline', '1', '--threads', '2', '--timeout', '3'],
    ['--dymShape_range', 'x:1,2~4', '--loop', '3', '--display_all_summary', '1', '--dymBatch', '0'],
    ['--rate', '9', '--arrivals', 'even', '--seconds', '2', '--seed', '3', '--warmup_count', '1'],
    ['--compare', 'b.om', '--loop', '12', '--seed', '4', '--dymBatch', '8', '--pipeline', '0'],
    ['--end-to-end', 'clips', '--loop', '2', '--device', '0,1', '--json'],
  ]) {
    it(`takes ${args.join(' ')}`, () => {
      expect(complaint(...args)).to.equal('')
    })
  }

  const idle: readonly (readonly [args: readonly string[], flag: string, belongsTo: string])[] = [
    [['--arrivals', 'even'], '--arrivals', 'without --rate'],
    [['--seconds', '5'], '--seconds', 'without --rate'],
    [['--seed', '5'], '--seed', 'without --rate or --compare'],
    [['--rate', '9', '--loop', '5'], '--loop', 'with --rate'],
    [['--rate', '9', '-i', 'a.bin'], '--input', 'with --rate'],
    [['--rate', '9', '--compare', 'b.om'], '--rate', 'with --compare'],
    [['--compare', 'b.om', '--warmup-count', '7'], '--warmup_count', 'with --compare'],
    [['--compare', 'b.om', '--timeout', '7'], '--timeout', 'with --compare'],
    [['--dymShape_range', 'x:1', '--dymShape', 'x:1'], '--dymShape', 'with --dymShape_range'],
    [['--dymShape_range', 'x:1', '--dymBatch', '2'], '--dymBatch', 'with --dymShape_range'],
    [['--dymShape_range', 'x:1', '-asdsm', '1'], '--auto_set_dymshape_mode', 'with --dymShape_range'],
    [['--dymShape_range', 'x:1', '-o', 'out'], '--output', 'with --dymShape_range'],
    [['--end-to-end', 'clips', '--batchsize', '2'], '--batchsize', 'with --end-to-end'],
    [['--end-to-end', 'clips', '--threads', '2'], '--threads', 'with --end-to-end'],
  ]
  for (const [args, flag, belongsTo] of idle) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(complaint(...args)).to.match(new RegExp(`^${flag} has no effect ${belongsTo}:`))
    })
  }
})

describe('aasist bench: errors about options', () => {
  it('name the flag in place of the option', () => {
    const error = inTermsOfFlags(new ArgumentRangeError('rounds must be more', { option: 'rounds', most: 3 }))
    expect(error).to.be.instanceOf(ArgumentRangeError)
    expect(error).to.include({ message: '--loop must be more', code: 'INVALID_ARGUMENT' })
    expect(error).to.have.deep.property('detail', { option: '--loop', most: 3 })
  })

  it('stay as they are where they name none', () => {
    for (const error of [
      new ArgumentTypeError('models differ', { option: 'models' }),
      new ArgumentTypeError('it cannot be: loop', { option: 'loop' }),
      new ArgumentTypeError('a constructor is no option', { option: 'constructor' }),
      new Error('loop of another kind'),
    ]) {
      expect(inTermsOfFlags(error)).to.equal(error)
    }
  })
})
