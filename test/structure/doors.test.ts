import { expect } from 'chai'
import * as everything from '../../lib'
import * as errors from '../../lib/errors'
import * as metrics from '../../lib/metrics'
import * as model from '../../lib/model'
import * as onnxruntime from '../../lib/onnxruntime'
import * as session from '../../lib/session'
import { modelPath } from '../session/support'

// Also for the compiler: the codes each class narrows to can be named by users of one subpath alone.
type Same<A extends B, B extends C, C = A> = [A, B, C]
export type Checks = [
  Same<session.SessionError['code'], session.SessionErrorCode>,
  Same<session.ModelError['code'], session.ModelErrorCode>,
  Same<session.ArgumentTypeError['code'], session.ArgumentErrorCode>,
  Same<onnxruntime.SessionError['code'], onnxruntime.SessionErrorCode>,
  Same<model.ModelError['code'], model.ModelErrorCode>,
  Same<model.ArgumentRangeError['code'], model.ArgumentErrorCode>,
  Same<metrics.MetricsError['code'], metrics.MetricsErrorCode>,
  Same<metrics.AasistError['code'], metrics.ErrorCode>,
  Same<metrics.ArgumentTypeError['code'], metrics.ArgumentErrorCode>,
  Same<metrics.AasistError['detail'], metrics.ErrorDetail>,
]

describe('structure: doors', () => {
  type ErrorClass = keyof typeof errors & `${string}Error`
  const doors: Readonly<Record<string, readonly [object, readonly ErrorClass[]]>> = {
    session: [
      session,
      ['AasistError', 'ArgumentRangeError', 'ArgumentTypeError', 'ModelError', 'SessionError'],
    ],
    onnxruntime: [
      onnxruntime,
      ['AasistError', 'ArgumentRangeError', 'ArgumentTypeError', 'ModelError', 'SessionError'],
    ],
    model: [model, ['AasistError', 'ArgumentRangeError', 'ArgumentTypeError', 'ModelError']],
    metrics: [metrics, ['AasistError', 'ArgumentRangeError', 'ArgumentTypeError', 'MetricsError']],
  }
  for (const [name, [door, classes]] of Object.entries(doors)) {
    it(`${name} exports the classes of the errors it throws, and no others`, () => {
      const found = Object.entries(door).filter(([exported]) => Object.hasOwn(errors, exported))
      expect(found.map(([exported]) => exported)).to.have.members([...classes])
      for (const [exported, value] of found) expect(value, exported).to.equal(errors[exported as ErrorClass])
    })
  }

  it('of the package exports every error class, the same as behind the others', () => {
    const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error') && /^[A-Z]/.test(name))
    expect(classes).to.have.length.above(5)
    for (const [name, value] of classes) {
      expect((everything as Readonly<Record<string, unknown>>)[name], name).to.equal(value)
    }
  })

  it('let users of one room tell its errors by class', async () => {
    const caught: unknown[] = []
    for (const failing of [
      async () => session.createSession('none.onnx'),
      async () => session.createSession('none.onnx', { threads: 0 }),
      async () => {
        const released = await session.createSession(modelPath('add'))
        await released.release()
        return released.run({})
      },
      async () => Promise.resolve(model.parseConfig('{')),
      async () => Promise.resolve(metrics.computeEer([], [])),
    ]) {
      caught.push(await failing().catch((error: unknown) => error))
    }
    expect(caught[0]).to.be.instanceOf(session.ModelError)
    expect(caught[1]).to.be.instanceOf(session.ArgumentRangeError)
    expect(caught[2]).to.be.instanceOf(session.SessionError).and.instanceOf(session.AasistError)
    expect(caught[3]).to.be.instanceOf(model.ModelError)
    expect(caught[4]).to.be.instanceOf(metrics.MetricsError)
  })
})
