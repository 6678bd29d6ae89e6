import { expect } from 'chai'
import { bytesOf, npyFile, readNpy } from '../../lib/benchmark/npy'
import { errorCode } from '../../lib/errors'

/** Written by numpy 1.26's np.save(). */
const numpy = {
  'float32 [2, 3]': [
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAAAEAAAEBAAACAQAAAoEA=',
    'float32',
    [2, 3],
    Float32Array.of(0, 1, 2, 3, 4, 5),
  ],
  'int64 [3]': [
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAEAAAAAAAAAAgAAAAAAAAA=',
    'int64',
    [3],
    BigInt64Array.of(0n, 1n, 2n),
  ],
  'a float32 scalar': [
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAOBA',
    'float32',
    [],
    Float32Array.of(7),
  ],
} as const
const fortran =
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAABAQAAAgD8AAIBAAAAAQAAA'
const bigEndian =
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAP4AAAEAAAAA='

describe('benchmark: NumPy files', () => {
  for (const [what, [file, type, dims, data]] of Object.entries(numpy)) {
    const written = Buffer.from(file, 'base64')
    it(`are read as numpy wrote them: ${what}`, () => {
      expect(readNpy(written, 'x.npy').elements).to.deep.equal(bytesOf(data))
    })

    it(`are written as numpy writes them: ${what}`, () => {
      expect(Buffer.from(npyFile(type, dims, bytesOf(data)))).to.deep.equal(written)
    })
  }

  const good = Buffer.from(numpy['int64 [3]'][0], 'base64')
  for (const [what, bytes] of [
    ['of another format', Buffer.from('RIFF....WAVEfmt ')],
    ['that are empty', Buffer.alloc(0)],
    ['with a header that goes on behind the end', good.subarray(0, 60)],
    ['of a version to come', Buffer.concat([good.subarray(0, 6), Buffer.of(9), good.subarray(7)])],
    ['in Fortran order', Buffer.from(fortran, 'base64')],
    ['in big-endian order', Buffer.from(bigEndian, 'base64')],
    ['of objects', Buffer.from(good.toString('latin1').replace('<i8', '|O '), 'latin1')],
  ] as const) {
    it(`${what} are refused`, () => {
      let code: string | undefined
      try {
        readNpy(bytes, 'x.npy')
      } catch (error) {
        code = errorCode(error)
      }
      expect(code).to.equal('DATASET_INVALID')
    })
  }
})
