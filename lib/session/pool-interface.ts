/** Whether the forms of a model that one pool runs are the same to its caller. */
import { ModelError } from '../errors'
import type { Session } from './session'
import type { TensorMetadata } from './tensor'

const text = (tensors: readonly TensorMetadata[]): string =>
  tensors.map(({ name, type, shape }) => `${name}: ${type} [${shape.join(', ')}]`).join('; ')

/**
 * Names, types and shapes of the inputs, and names and types of the outputs, whose shapes not every back end tells.
 * @throws ModelError `MODEL_INVALID`
 */
export function assertSameInterface(one: Session, other: Session): void {
  const outputs = ({ outputMetadata }: Session): string =>
    outputMetadata.map(({ name, type }) => `${name}: ${type}`).join('; ')
  for (const [what, first, second] of [
    ['inputs', text(one.inputMetadata), text(other.inputMetadata)],
    ['outputs', outputs(one), outputs(other)],
  ] as const) {
    if (first === second) continue
    throw new ModelError(
      'MODEL_INVALID',
      `the offline and the ONNX model differ in their ${what}, ${first} and ${second}; compile the one from the other`,
      { [what]: [first, second] },
    )
  }
}
