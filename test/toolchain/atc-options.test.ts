import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { atcOptions, type AtcChoices, type OnnxInput } from '../../lib/toolchain/atc-options'

const fixed: readonly OnnxInput[] = [{ name: 'input', shape: [1, 64600] }]
const open: readonly OnnxInput[] = [{ name: 'input', shape: ['batch', 64600] }]
const made = (choices: AtcChoices, inputs = fixed) => Object.fromEntries(atcOptions(choices, inputs))

describe('toolchain: options of atc', () => {
  it("are the original guide's unless told otherwise, with the model's own shape", () => {
    expect(made({})).to.deep.equal({
      input_format: 'ND',
      input_shape: 'input:1,64600',
      log: 'error',
      optypelist_for_implmode: 'Sigmoid',
      op_select_implmode: 'high_performance',
    })
  })

  it('fix an open batch, or make gears of it', () => {
    expect(made({ batch: [4] }, open)).to.include({ input_shape: 'input:4,64600' })
    expect(made({ batch: [4] }, open)).to.not.have.property('dynamic_batch_size')
    expect(made({ batch: [1, 4, 8] }, open)).to.include({
      input_shape: 'input:-1,64600',
      dynamic_batch_size: '1,4,8',
    })
  })

  it('name every input, with scalars', () => {
    const inputs = [...open, { name: 'gain', shape: [] }]
    expect(made({ batch: [2] }, inputs)).to.include({ input_shape: 'input:2,64600;gain:' })
  })

  it('leave the shape to atc where a name of an input would be misread', () => {
    expect(made({}, [{ name: 'x:0', shape: [1] }])).to.not.have.property('input_shape')
  })

  it('open sizes for gears of other kinds', () => {
    const inputs = [{ name: 'x', shape: ['a', 'b', 3] }]
    expect(made({ atcOptions: { dynamic_dims: '1,1;3,3' } }, inputs)).to.include({ input_shape: 'x:-1,-1,3' })
  })

  it('take any other option, its hyphens as atc reads them, and let it replace a default', () => {
    const options = made({
      atcOptions: { deterministic: '1', 'buffer-optimize': 'off_optimize', input_format: 'NCHW' },
    })
    expect(options).to.include({ deterministic: '1', buffer_optimize: 'off_optimize', input_format: 'NCHW' })
    const precise = made({ atcOptions: { op_select_implmode: 'high_precision_for_all' } })
    expect(precise).to.not.have.property('optypelist_for_implmode')
  })

  it('have another format for AIPP', () => {
    expect(made({ aipp: 'aipp.cfg' })).to.include({ input_format: 'NCHW', insert_op_conf: 'aipp.cfg' })
  })

  const mistakes: readonly [what: string, choices: AtcChoices, inputs: readonly OnnxInput[], says: RegExp][] =
    [
      ['a model with an open batch and no batch', {}, open, /--batch 4.*--batch 1,4,8/],
      [
        'an open size that is not the batch',
        { batch: [1] },
        [{ name: 'x', shape: [1, 'n'] }],
        /--input-shape "x:1,<size>"/,
      ],
      ['gears for a model of a fixed batch', { batch: [1, 4] }, fixed, /batch of 1.*convert it again/],
      ['another batch than the fixed one', { batch: [4] }, fixed, /batch of 1/],
      ['no batch at all', { batch: [] }, open, /at least one/],
      ['a batch of none', { batch: [0] }, open, /1 to 2048/],
      ['a gear that comes twice', { batch: [4, 4] }, open, /different/],
      [
        'both kinds of precision modes',
        { precisionMode: 'force_fp16', precisionModeV2: 'fp16' },
        fixed,
        /exclude/,
      ],
      [
        'a precision that is none',
        { precisionModeV2: 'fp17' as 'fp16' },
        fixed,
        /must be one of fp16, origin/,
      ],
      ['a log level that is none', { logLevel: 'loud' as 'error' }, fixed, /debug, info/],
      ['two kinds of gears', { batch: [1, 2], atcOptions: { dynamic_dims: '1;2' } }, open, /exclude/],
      ['AIPP with the format ND', { aipp: 'a', atcOptions: { input_format: 'ND' } }, fixed, /AIPP/],
      ['lists of mixed precision without it', { mixlist: 'a.json' }, fixed, /mixed/],
      ['a reserved option', { atcOptions: { soc_version: 'Ascend310' } }, fixed, /--soc/],
      ['the beginning of one', { atcOptions: { outp: 'x' } }, fixed, /set here/],
      [
        'an option with a better name here',
        { atcOptions: { precision_mode: 'fp16' } },
        fixed,
        /--precision-mode/,
      ],
      [
        'an option twice, spelt differently',
        { atcOptions: { 'oo-level': 'O1', oo_level: 'O3' } },
        fixed,
        /twice/,
      ],
      ['an option that is no name', { atcOptions: { 'a b': 'c' } }, fixed, /no name/],
    ]
  for (const [what, choices, inputs, says] of mistakes) {
    it(`refuse ${what}`, () => {
      let caught: unknown
      try {
        atcOptions(choices, inputs)
      } catch (error) {
        caught = error
      }
      expect(errorCode(caught)).to.equal('INVALID_ARGUMENT')
      expect((caught as Error).message).to.match(says)
    })
  }
})
