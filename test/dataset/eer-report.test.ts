import { expect } from 'chai'
import { formatEerReport } from '../../lib/dataset'

describe('formatEerReport', () => {
  it('writes t-DCF_EER.txt as the evaluation of AASIST does, character for character', () => {
    const text = formatEerReport({
      eer: 0.008295112264154778,
      minTdcf: 0.0275294779020878,
      perAttack: {
        A07: { eer: 0.005296760293361245 },
        A09: { eer: 0 },
        A18: { eer: 0.12345678901 },
      },
    })
    // The missing closing parenthesis at the end of the breakdown lines is the original's.
    expect(text).to.equal(
      '\nCM SYSTEM\n' +
        '\tEER\t\t= 0.829511226 % (Equal error rate for countermeasure)\n' +
        '\nTANDEM\n' +
        '\tmin-tDCF\t\t= 0.027529478\n' +
        '\nBREAKDOWN CM SYSTEM\n' +
        '\tEER A07\t\t= 0.529676029 % (Equal error rate for A07\n' +
        '\tEER A09\t\t= 0.000000000 % (Equal error rate for A09\n' +
        '\tEER A18\t\t= 12.345678901 % (Equal error rate for A18\n',
    )
  })

  it('says what could not be computed, and why', () => {
    const text = formatEerReport({
      eer: null,
      minTdcf: null,
      perAttack: { A07: { eer: null }, A08: { eer: null } },
      unavailable: { eer: 'no spoof trial has a score', 'perAttack.A07': 'no score' },
    })
    expect(text.split('\n')).to.include.members([
      '\tEER\t\t= n/a (no spoof trial has a score) (Equal error rate for countermeasure)',
      '\tmin-tDCF\t\t= n/a (not computed)',
      '\tEER A07\t\t= n/a (no score) (Equal error rate for A07',
      '\tEER A08\t\t= n/a (not computed) (Equal error rate for A08',
    ])
  })

  it('ends after the heading of the breakdown when there is no attack', () => {
    const text = formatEerReport({ eer: 0.5, minTdcf: 1, perAttack: {} })
    expect(text.endsWith('\tmin-tDCF\t\t= 1.000000000\n\nBREAKDOWN CM SYSTEM\n')).to.be.true
  })
})
