import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { openError, runError } from '../../lib/session/acl-errors'
import { loadAddon } from '../../lib/session/binding'
import type { AclErrorClass, AclFailure } from '../../lib/session/binding'
import { readJson } from '../support/golden'
import { requireAddon } from '../support/native'

/** Number, name and class of every error code in CANN's headers from 6.0 to 9.x, as the project's ABI notes list them. */
const table = readJson(__dirname, '..', 'fixtures', 'acl', 'error-codes.json') as [
  number,
  string,
  AclErrorClass,
][]

const classCodes: Readonly<Record<AclErrorClass, { open: string; load: string; run: string }>> = {
  none: { open: 'ACL_RUNTIME', load: 'MODEL_INVALID', run: 'RUN_FAILED' },
  usage: { open: 'ACL_RUNTIME', load: 'MODEL_INVALID', run: 'RUN_FAILED' },
  notInitialised: { open: 'ACL_RUNTIME', load: 'ACL_RUNTIME', run: 'RUN_FAILED' },
  context: { open: 'ACL_RUNTIME', load: 'ACL_RUNTIME', run: 'RUN_FAILED' },
  outOfMemory: { open: 'ACL_OUT_OF_MEMORY', load: 'ACL_OUT_OF_MEMORY', run: 'ACL_OUT_OF_MEMORY' },
  resourceExhausted: { open: 'ACL_RUNTIME', load: 'ACL_RUNTIME', run: 'RUN_FAILED' },
  unsupported: { open: 'ACL_RUNTIME', load: 'MODEL_INVALID', run: 'RUN_FAILED' },
  deviceOpen: { open: 'ACL_NO_DEVICE', load: 'ACL_NO_DEVICE', run: 'ACL_NO_DEVICE' },
  timeout: { open: 'ACL_RUNTIME', load: 'ACL_RUNTIME', run: 'RUN_TIMEOUT' },
  deviceFault: { open: 'ACL_DEVICE_FAULT', load: 'ACL_DEVICE_FAULT', run: 'ACL_DEVICE_FAULT' },
  other: { open: 'ACL_RUNTIME', load: 'MODEL_INVALID', run: 'RUN_FAILED' },
}
/** Codes that say something more definite than their class. */
const exceptions = new Map([
  [100039, 'ACL_LIBRARY_NOT_FOUND'],
  [107001, 'ACL_NO_DEVICE'],
])

function failure(aclError: number, aclName: string, aclClass: AclErrorClass, call: string): AclFailure {
  return {
    kind: 'acl',
    call,
    aclError,
    aclName,
    aclClass,
    aclMessage: 'EZ9999: what AscendCL says\nSolution: …',
  }
}

describe('AscendCL error codes', () => {
  it('are those of the table, all of them', () => {
    expect(table).to.have.length.above(250)
    expect(new Set(table.map(([code]) => code)).size).to.equal(table.length)
  })

  describe('in the add-on', () => {
    before(function () {
      requireAddon(this)
    })
    for (const [code, aclName, aclClass] of table) {
      it(`${code} is ${aclName}, of class ${aclClass}`, () => {
        expect(loadAddon().describeError(code)).to.deep.equal({ aclName, aclClass })
      })
    }
    it('that CANN does not have get no name and the class of the rest', () => {
      for (const code of [-1, 1, 100046, 507058, 999999]) {
        expect(loadAddon().describeError(code)).to.deep.equal({ aclName: '', aclClass: 'other' })
      }
    })
  })

  describe('become errors of this package', () => {
    for (const [code, aclName, aclClass] of table) {
      const { open, load, run } = classCodes[aclClass]
      const definite = exceptions.get(code)
      it(`${code} ${aclName}: ${definite ?? `${open}, ${load}, ${run}`}`, () => {
        const context = { device: 3, model: 'x.om' }
        const errors = [
          [openError(failure(code, aclName, aclClass, 'aclrtSetDevice'), context), open, 'aclrtSetDevice'],
          [
            openError(failure(code, aclName, aclClass, 'aclmdlLoadFromFile'), context),
            load,
            'aclmdlLoadFromFile',
          ],
          [runError(failure(code, aclName, aclClass, 'aclmdlExecute'), 3), run, 'aclmdlExecute'],
        ] as const
        for (const [error, expected, call] of errors) {
          expect(errorCode(error)).to.equal(definite ?? expected)
          expect(error).to.have.property('detail').that.deep.includes({
            call,
            aclError: code,
            aclName,
            aclMessage: 'EZ9999: what AscendCL says\nSolution: …',
            device: 3,
          })
          if (definite !== 'ACL_LIBRARY_NOT_FOUND') expect(error.message).to.include(String(code))
        }
      })
    }
  })
})
