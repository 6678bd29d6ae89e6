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
  deviceOpen: { open: 'ACL_NO_DEVICE', load: 'ACL_DEVICE_FAULT', run: 'ACL_DEVICE_FAULT' },
  timeout: { open: 'ACL_RUNTIME', load: 'ACL_RUNTIME', run: 'RUN_TIMEOUT' },
  deviceFault: { open: 'ACL_DEVICE_FAULT', load: 'ACL_DEVICE_FAULT', run: 'ACL_DEVICE_FAULT' },
  other: { open: 'ACL_RUNTIME', load: 'MODEL_INVALID', run: 'RUN_FAILED' },
}
/** Codes that say something more definite than their class; a bad device number only where a device is opened. */
const exceptions = new Map<number, Partial<(typeof classCodes)['other']>>([
  [100039, { open: 'ACL_LIBRARY_NOT_FOUND', load: 'ACL_LIBRARY_NOT_FOUND', run: 'ACL_LIBRARY_NOT_FOUND' }],
  [107001, { open: 'ACL_NO_DEVICE' }],
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
      const { open, load, run } = { ...classCodes[aclClass], ...exceptions.get(code) }
      it(`${code} ${aclName}: ${open}, ${load}, ${run}`, () => {
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
          expect(errorCode(error)).to.equal(expected)
          expect(error).to.have.property('detail').that.deep.includes({
            call,
            aclError: code,
            aclName,
            aclMessage: 'EZ9999: what AscendCL says\nSolution: …',
            device: 3,
          })
          if (expected !== 'ACL_LIBRARY_NOT_FOUND') expect(error.message).to.include(String(code))
        }
      })
    }
  })

  describe('of the driver', () => {
    const codes = table.filter(([, , aclClass]) => aclClass === 'deviceOpen')
    const context = { device: 3, model: 'x.om' }

    it('say ACL_NO_DEVICE where a device is opened, and what to look at', () => {
      expect(codes.map(([code]) => code)).to.include.members([207004, 207006, 507033, 507899])
      for (const call of ['aclInit', 'aclrtGetDeviceCount', 'aclrtSetDevice', 'aclrtCreateContext']) {
        for (const [code, aclName, aclClass] of codes) {
          const error = openError(failure(code, aclName, aclClass, call), context)
          expect(errorCode(error), call).to.equal('ACL_NO_DEVICE')
          expect(error.message).to.include('npu-smi info').and.include('/dev/davinci')
        }
      }
    })

    it('say ACL_DEVICE_FAULT in a run, without advice for machines that have no device', () => {
      const calls = [
        'aclrtMemcpy',
        'aclmdlExecute',
        'aclmdlExecuteAsync',
        'aclrtSynchronizeStreamWithTimeout',
        'aclmdlSetDynamicBatchSize',
        'aclrtFree',
      ]
      for (const call of calls) {
        for (const [code, aclName, aclClass] of codes) {
          const error = runError(failure(code, aclName, aclClass, call), 3)
          expect(errorCode(error), call).to.equal('ACL_DEVICE_FAULT')
          expect(error.message).not.to.include('/dev/davinci')
        }
      }
      for (const [code, , aclClass] of table.filter(([code]) => code === 507901 || code === 107001)) {
        const error = runError(failure(code, '', aclClass, 'aclmdlExecute'), 3)
        expect(errorCode(error)).to.equal(code === 507901 ? 'ACL_DEVICE_FAULT' : 'RUN_FAILED')
      }
    })

    it('say ACL_DEVICE_FAULT while a model is loaded or memory allocated', () => {
      for (const call of ['aclmdlLoadFromFile', 'aclmdlLoadFromMem', 'aclrtMalloc', 'aclrtMallocHost']) {
        for (const [code, aclName, aclClass] of codes) {
          const error = openError(failure(code, aclName, aclClass, call), context)
          expect(errorCode(error), call).to.equal('ACL_DEVICE_FAULT')
        }
      }
    })
  })

  describe('of a device that cannot be opened', () => {
    const variable = 'ASCEND_RT_VISIBLE_DEVICES'
    const before = process.env[variable]
    afterEach(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, variable)
      else process.env[variable] = before
    })
    const refused = (visibleDevices: number, device: number): string =>
      openError(
        {
          ...failure(107001, 'ACL_ERROR_RT_INVALID_DEVICEID', 'usage', 'aclrtSetDevice'),
          visibleDevices,
        },
        { device, model: 'x.om' },
      ).message

    it('tell how many devices there are', () => {
      Reflect.deleteProperty(process.env, variable)
      expect(refused(4, 4)).to.include('4 NPUs are visible to this process, numbered 0 to 3.')
      expect(refused(1, 1)).to.include('One NPU is visible to this process, number 0.')
      expect(refused(0, 0)).to.include('No NPU is visible to this process.')
      expect(refused(4, 4)).not.to.include(variable)
    })

    it('tell that ASCEND_RT_VISIBLE_DEVICES renumbers them', () => {
      process.env[variable] = '2,3'
      expect(refused(2, 3))
        .to.include("numbered 0 to 1. ASCEND_RT_VISIBLE_DEVICES='2,3'")
        .and.include('from 0')
    })
  })
})
