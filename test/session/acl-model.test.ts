/** Models a session cannot use: what is wrong is told by tensor and type, or by what was found in place of a file. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { AclSession, OrtSession, createPool, createSession } from '../../lib/session'
import { describeModel } from '../../lib/session/acl-model'
import type { NativeModel } from '../../lib/session/binding'
import { simulatedNpu } from '../support/native'
import { modelPath, rejection, threadCount, until } from './support'

// The container of docs/simulator.md.
const headerBytes = 48
const fileBytesAt = 16
const descriptionBytesAt = 24
const checksumAt = 40

/** The model with another description, checksum and sizes put right. */
function redescribed(om: string, change: (description: string) => string): Buffer {
  const whole = readFileSync(om)
  const end = headerBytes + Number(whole.readBigUInt64LE(descriptionBytesAt))
  const description = change(whole.subarray(headerBytes, end).toString())
  const header = Buffer.from(whole.subarray(0, headerBytes))
  const body = Buffer.concat([Buffer.from(description), whole.subarray(end)])
  header.writeBigUInt64LE(BigInt(headerBytes + body.length), fileBytesAt)
  header.writeBigUInt64LE(BigInt(Buffer.byteLength(description)), descriptionBytesAt)
  header.writeUInt32LE(crc32(body), checksumAt)
  return Buffer.concat([header, body])
}

/** Names of CANN's acl_base.h for what JavaScript has no array for. */
const foreignTypes: readonly [number, string][] = [
  [13, 'ACL_STRING'],
  [16, 'ACL_COMPLEX64'],
  [17, 'ACL_COMPLEX128'],
  [27, 'ACL_BF16'],
  [29, 'ACL_INT4'],
  [30, 'ACL_UINT1'],
  [33, 'ACL_COMPLEX32'],
  [34, 'ACL_HIFLOAT8'],
  [35, 'ACL_FLOAT8_E5M2'],
  [36, 'ACL_FLOAT8_E4M3FN'],
  [37, 'ACL_FLOAT8_E8M0'],
  [-1, 'unknown'],
  [99, 'unknown'],
]

describe('a model that no session can use', () => {
  const npu = simulatedNpu()
  let add: string
  before(() => {
    add = npu.models.compile(modelPath('add'))
  })

  async function refusal(om: string | Uint8Array): Promise<Error & { detail: object }> {
    const threads = threadCount()
    const error = await rejection(AclSession.create(om, { libraryPath: npu.libraryPath }), 'MODEL_INVALID')
    await until(() => threadCount() <= threads, 'the thread to leave')
    return error
  }

  for (const [type, name] of foreignTypes) {
    it(`because of data type ${type} (${name}) is refused by tensor and type`, () => {
      const tensor = { name: 'wave', type: 0, dims: [1], bytes: 4 }
      const model: NativeModel = {
        library: 'libascendcl.so',
        socName: 'Ascend310P3',
        bytes: 0,
        dynamics: 'static',
        inputs: [tensor],
        outputs: [{ ...tensor, name: 'node:0:score' }],
        gears: [],
      }
      expect(describeModel(model).outputs[0]!.type).to.equal('float32')
      for (const [foreign, tensorName] of [
        [{ ...model, inputs: [{ ...tensor, type }] }, 'wave'],
        [{ ...model, outputs: [{ ...tensor, name: 'score', type }] }, 'score'],
      ] as const) {
        try {
          describeModel(foreign)
          expect.fail('it was accepted')
        } catch (error) {
          expect(errorCode(error)).to.equal('MODEL_INVALID')
          expect((error as Error).message)
            .to.include(`"${tensorName}"`)
            .and.include(`${type} (${name})`)
        }
      }
    })
  }

  it('because an input is ACL_BF16 leaves nothing behind', async () => {
    const before = readFileSync(add)
    expect(redescribed(add, text => text).equals(before)).to.equal(true)
    const error = await refusal(redescribed(add, text => text.replace(/^(input\tb\tb\t)0\t/m, '$127\t')))
    expect(error.message).to.include('tensor "b"').and.include('27 (ACL_BF16)')
    expect(error.detail).to.deep.equal({ tensor: 'b', aclDataType: 27, aclDataTypeName: 'ACL_BF16' })
  })

  it('because an output is ACL_BF16 leaves nothing behind', async () => {
    const error = await refusal(
      redescribed(add, text => text.replace(/^(output\t[^\t]+\tsum\t)0\t/m, '$127\t')),
    )
    expect(error.message).to.include(':sum"').and.include('27 (ACL_BF16)')
  })

  it('because of an input for dynamic AIPP is refused by the name of that input', async () => {
    const path = join(npu.models.folder, 'aipp.om')
    writeFileSync(
      path,
      redescribed(add, text => text.replace(/^input\tb\t/m, 'input\tascend_dynamic_aipp_data\t')),
    )
    for (const model of [path, readFileSync(path)]) {
      const error = await refusal(model)
      expect(error.message).to.include('"ascend_dynamic_aipp_data"').and.include('AIPP')
    }
  })

  describe('because it is a folder', () => {
    const folder = (name: string): string => {
      const path = join(npu.models.folder, name)
      mkdirSync(path, { recursive: true })
      return path
    }
    for (const [ending, back] of [
      ['.om', 'an NPU'],
      ['.onnx', 'the CPU'],
    ] as const) {
      it(`is refused with MODEL_INVALID on ${back}, on every way there is to it`, async () => {
        const path = folder(`folder${ending}`)
        const direct = (model: string): Promise<unknown> =>
          ending === '.om'
            ? AclSession.create(model, { libraryPath: npu.libraryPath })
            : OrtSession.create(model)
        for (const model of [path, `${path}/`]) {
          const options = ending === '.om' ? { libraryPath: npu.libraryPath } : {}
          for (const make of [
            () => direct(model),
            () => createSession(model, options),
            () => createSession(ending === '.om' ? { om: model } : { onnx: model }, options),
            () => createPool(model, { ...options, sessions: 1 }),
          ]) {
            const error = await rejection(make(), 'MODEL_INVALID')
            expect(error.message).to.include(`${path} is a folder, not a file`).and.include(ending)
          }
        }
      })
    }

    it('says so too where the device is named', async () => {
      for (const model of [folder('folder.om'), `${folder('folder.om')}/`]) {
        await rejection(
          createSession(model, { libraryPath: npu.libraryPath, device: 'npu' }),
          'MODEL_INVALID',
        )
        await rejection(createPool(model, { libraryPath: npu.libraryPath, device: [0, 1] }), 'MODEL_INVALID')
      }
    })

    it('or a device is told from it', async () => {
      const error = await rejection(
        AclSession.create('/dev/null', { libraryPath: npu.libraryPath }),
        'MODEL_INVALID',
      )
      expect(error.message).to.include('/dev/null is a pipe or a device, not a file')
    })
  })
})

describe('a session made with new', () => {
  for (const [name, made] of [
    ['AclSession', AclSession],
    ['OrtSession', OrtSession],
  ] as const) {
    it(`is refused with INVALID_ARGUMENT, which names ${name}.create`, () => {
      const Constructor = made as unknown as new (...args: unknown[]) => unknown
      for (const args of [[], ['model.om'], [{}, {}, {}], [null], ['model.onnx', { threads: 1 }]]) {
        try {
          new Constructor(...args)
          expect.fail('there is one')
        } catch (error) {
          expect(errorCode(error)).to.equal('INVALID_ARGUMENT')
          expect(error).to.be.instanceOf(TypeError)
          expect((error as Error).message).to.include(`${name}.create`)
        }
      }
    })
  }
})
