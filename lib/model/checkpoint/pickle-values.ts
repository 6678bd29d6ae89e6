/**
 * What a checkpoint's pickle may make: plain data and descriptions of tensors. The list of names below is closed; each
 * stands for a function here, and no name from a file is ever looked up in JavaScript.
 */

export type PickleValue =
  PickleKey | PickleValue[] | PickleTuple | PickleDict | PickleGlobal | StorageReference | TensorDescription

export type PickleKey = null | boolean | number | bigint | string
export type PickleDict = Map<PickleKey, PickleValue>

export class PickleTuple {
  readonly items: readonly PickleValue[]

  constructor(items: readonly PickleValue[]) {
    this.items = items
  }
}

/** One of {@link allowedGlobals}, as a value. */
export class PickleGlobal {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

const storageTypes = [
  'torch.FloatStorage',
  'torch.DoubleStorage',
  'torch.HalfStorage',
  'torch.BFloat16Storage',
  'torch.LongStorage',
  'torch.IntStorage',
  'torch.ShortStorage',
  'torch.CharStorage',
  'torch.ByteStorage',
  'torch.BoolStorage',
] as const
export type StorageType = (typeof storageTypes)[number]

/** Where a tensor's numbers are, and in which format. */
export class StorageReference {
  readonly type: StorageType
  readonly key: string
  /** Numbers, not bytes. */
  readonly count: number

  constructor(type: StorageType, key: string, count: number) {
    this.type = type
    this.key = key
    this.count = count
  }
}

/** Sizes as the pickle claims them: whole numbers, not yet held against the storage. */
export class TensorDescription {
  readonly storage: StorageReference
  /** In numbers, as are the strides. */
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(
    storage: StorageReference,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

/** Undefined: not the arguments torch.save writes. */
type Call = (args: readonly PickleValue[]) => PickleValue | undefined

/** The functions a state_dict's pickle calls. */
export const allowedCalls: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['collections.OrderedDict', args => (args.length === 0 ? new Map<PickleKey, PickleValue>() : undefined)],
  ['torch._utils._rebuild_tensor_v2', describeTensor],
  ['torch._utils._rebuild_parameter', unwrapParameter],
])

export const allowedGlobals: readonly string[] = [...allowedCalls.keys(), ...storageTypes]

/**
 * A persistent id, `('storage', type, key, location, count)`, to which files from before zip add None; undefined when
 * it is anything else.
 */
export function describeStorage(id: PickleValue): StorageReference | undefined {
  if (!(id instanceof PickleTuple) || id.items.length < 5 || id.items.length > 6) return undefined
  const [tag, type, key, , count, view = null] = id.items
  if (view !== null) return undefined
  const storageType =
    type instanceof PickleGlobal ? storageTypes.find(known => known === type.name) : undefined
  if (tag !== 'storage' || storageType === undefined || typeof key !== 'string' || !isSize(count))
    return undefined
  return new StorageReference(storageType, key, count)
}

/** `(storage, offset, size, stride, requires_grad, backward_hooks[, metadata])`. */
function describeTensor(args: readonly PickleValue[]): TensorDescription | undefined {
  if (args.length !== 6 && args.length !== 7) return undefined
  const [storage, offset, size, stride, , , metadata = null] = args
  const shape = asSizes(size)
  const strides = asSizes(stride)
  if (!(storage instanceof StorageReference) || !isSize(offset)) return undefined
  if (shape === undefined || strides?.length !== shape.length) return undefined
  // The metadata marks numbers that are still to be conjugated or negated.
  if (metadata !== null && !(metadata instanceof Map && metadata.size === 0)) return undefined
  return new TensorDescription(storage, offset, shape, strides)
}

/** `(tensor, requires_grad, backward_hooks)`: what an nn.Parameter is pickled as. */
function unwrapParameter(args: readonly PickleValue[]): TensorDescription | undefined {
  const [tensor] = args
  return args.length === 3 && tensor instanceof TensorDescription ? tensor : undefined
}

/** PyTorch's own limit on dimensions. */
const mostDimensions = 64

function asSizes(value: PickleValue | undefined): readonly number[] | undefined {
  if (!(value instanceof PickleTuple) || value.items.length > mostDimensions) return undefined
  return value.items.every(isSize) ? value.items : undefined
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
