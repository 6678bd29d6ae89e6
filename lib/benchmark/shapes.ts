/** Which shape each input of a model has in a benchmark. Pure functions. */
import { ArgumentTypeError, SessionError } from '../errors'
import type { TensorMetadata } from '../session'

/** How the open dimensions of a model are chosen. */
export type ShapeChoice =
  | { readonly kind: 'as the model says' }
  /** Every open first dimension. */
  | { readonly kind: 'batch'; readonly batch: number }
  | { readonly kind: 'image'; readonly height: number; readonly width: number }
  /** Whole shapes by input name, for gears of dimensions and for dynamic shapes. */
  | { readonly kind: 'dims'; readonly dims: ReadonlyMap<string, readonly number[]> }
  /** Those of each run's own .npy files. */
  | { readonly kind: 'from files' }

export interface InputShape {
  readonly input: TensorMetadata
  readonly dims: readonly number[]
}

const shapeText = (shape: TensorMetadata['shape']): string =>
  `[${shape.map(dim => (dim === '' ? '?' : String(dim))).join(', ')}]`

/**
 * The shape of every input.
 * @throws ArgumentTypeError `INVALID_ARGUMENT`; SessionError `INPUT_SHAPE`
 */
export function chooseShapes(inputs: readonly TensorMetadata[], choice: ShapeChoice): readonly InputShape[] {
  checkChoice(inputs, choice)
  return inputs.map(input => {
    const dims = dimsOf(input, choice)
    const isOpen = dims.some(dim => dim < 0)
    if (!isOpen) return { input, dims }
    throw new ArgumentTypeError(
      `input "${input.name}" is ${shapeText(input.shape)}, and a benchmark needs one size: choose a shape (--dymBatch, --dymHW, ` +
        '--dymDims or --dymShape on the command line), whichever the model was compiled for',
      { input: input.name },
    )
  })
}

function checkChoice(inputs: readonly TensorMetadata[], choice: ShapeChoice): void {
  const isOpen = inputs.some(({ shape }) => shape.some(dim => typeof dim === 'string'))
  if (choice.kind !== 'as the model says' && !isOpen) {
    throw new ArgumentTypeError(
      `the model has one shape only, ${inputs.map(({ name, shape }) => `${name} ${shapeText(shape)}`).join(', ')}: leave the option for its shape out`,
    )
  }
  if (choice.kind !== 'dims') return
  const names = inputs.map(({ name }) => name)
  for (const name of choice.dims.keys()) {
    if (names.includes(name)) continue
    throw new ArgumentTypeError(`the model has no input "${name}"; there are: ${names.join(', ')}`, {
      input: name,
    })
  }
}

/** -1 where it is open still. */
function dimsOf({ name, shape }: TensorMetadata, choice: ShapeChoice): readonly number[] {
  const fixed = shape.map(dim => (typeof dim === 'number' ? dim : -1))
  switch (choice.kind) {
    case 'as the model says':
    case 'from files':
      return fixed
    case 'batch':
      return fixed.map((dim, axis) => (dim < 0 && axis === 0 ? choice.batch : dim))
    case 'image': {
      const sizes = [choice.height, choice.width]
      return fixed.map(dim => (dim < 0 ? (sizes.shift() ?? -1) : dim))
    }
    case 'dims': {
      const given = choice.dims.get(name)
      if (given === undefined) return fixed
      const fits = given.length === fixed.length && fixed.every((dim, axis) => dim < 0 || dim === given[axis])
      if (fits) return given
      throw new SessionError(
        'INPUT_SHAPE',
        `input "${name}" is ${shapeText(shape)}, and [${given.join(', ')}] does not fit into it`,
        { input: name, shape: given },
      )
    }
  }
}

/** What a run counts for: the batch that was chosen, the first size that was named, or the first one of all. */
export function batchOf(shapes: readonly InputShape[], choice: ShapeChoice): number {
  if (choice.kind === 'batch') return choice.batch
  const [named] = choice.kind === 'dims' ? choice.dims.values() : []
  return (named ?? shapes[0]?.dims)?.[0] ?? 1
}

const longestSpec = 2048

/**
 * `name:1,3,224;other:1,3`: names may hold colons.
 * @throws ArgumentTypeError `INVALID_ARGUMENT`
 */
export function parseNamedDims(text: string): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>()
  for (const part of text.length > longestSpec ? [''] : text.split(';').filter(each => each !== '')) {
    const [, name, sizes] = /^(.+):(\d{1,10}(?:,\d{1,10})*)$/.exec(part.trim()) ?? []
    const dims = sizes?.split(',').map(Number) ?? []
    if (name === undefined || found.has(name) || dims.some(dim => dim < 1)) {
      throw new ArgumentTypeError(
        `"${text.slice(0, 200)}" gives no shapes; write name:d0,d1;other:d0, each name once and each size from 1 up`,
      )
    }
    found.set(name, dims)
  }
  if (found.size > 0) return found
  throw new ArgumentTypeError('no shape is given; write name:d0,d1;other:d0')
}
