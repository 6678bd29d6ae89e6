/** PyTorch zip checkpoints read without Python: names and tensors of a state_dict. */
import { unzipSync } from 'fflate'
import { ModelError } from '../../errors'

interface TensorOf<Type extends string, Data> {
  readonly dtype: Type
  /** Empty for a scalar. */
  readonly shape: readonly number[]
  /** Row-major and contiguous. */
  readonly data: Data
}
export type CheckpointTensor = TensorOf<'float32', Float32Array> | TensorOf<'int64', BigInt64Array>

/** A state_dict in the order of the file. */
export type Checkpoint = ReadonlyMap<string, CheckpointTensor>

type Value = unknown

/**
 * @throws ModelError `CHECKPOINT_INVALID`, `CHECKPOINT_UNSAFE`
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const files = unzipSync(bytes)
  const pickleName = Object.keys(files).find(n => n.endsWith('/data.pkl'))
  if (pickleName === undefined) throw new ModelError('CHECKPOINT_INVALID', 'no data.pkl')
  const prefix = pickleName.slice(0, -8)
  const p = files[pickleName]!
  const view = new DataView(p.buffer, p.byteOffset, p.byteLength)
  const result = new Map<string, CheckpointTensor>()
  const stack: Value[] = []
  const marks: number[] = []
  const memo: Value[] = []
  let at = 0
  const line = (): string => {
    const end = p.indexOf(10, at)
    const s = new TextDecoder().decode(p.subarray(at, end))
    at = end + 1
    return s
  }
  const popMark = (): Value[] => stack.splice(marks.pop()!)
  for (;;) {
    const op = String.fromCharCode(p[at++]!)
    if (op === '\x80') at++
    else if (op === 'c') stack.push(`${line()}.${line()}`)
    else if (op === 'q') memo[p[at++]!] = stack.at(-1)
    else if (op === 'r') {
      memo[view.getUint32(at, true)] = stack.at(-1)
      at += 4
    } else if (op === 'h') stack.push(memo[p[at++]!])
    else if (op === 'j') {
      stack.push(memo[view.getUint32(at, true)])
      at += 4
    } else if (op === ')') stack.push([])
    else if (op === '(') marks.push(stack.length)
    else if (op === 't') stack.push(popMark())
    else if (op === 'X') {
      const n = view.getUint32(at, true)
      stack.push(new TextDecoder().decode(p.subarray(at + 4, at + 4 + n)))
      at += 4 + n
    } else if (op === 'K') stack.push(p[at++])
    else if (op === 'M') {
      stack.push(view.getUint16(at, true))
      at += 2
    } else if (op === 'J') {
      stack.push(view.getInt32(at, true))
      at += 4
    } else if (op === '\x89') stack.push(false)
    else if (op === '\x88') stack.push(true)
    else if (op === 'N') stack.push(null)
    else if (op === '\x85') stack.push([stack.pop()])
    else if (op === '\x86') stack.push(stack.splice(-2))
    else if (op === '\x87') stack.push(stack.splice(-3))
    else if (op === '}') stack.push(new Map())
    else if (op === 'Q') stack.push({ storage: stack.pop() })
    else if (op === 'R') {
      const args = stack.pop() as Value[]
      const name = stack.pop() as string
      if (name === 'collections.OrderedDict') stack.push(new Map())
      else if (name === 'torch._utils._rebuild_tensor_v2') {
        const [, type, key] = (args[0] as { storage: string[] }).storage
        const shape = args[2] as number[]
        const size = shape.reduce((a, b) => a * b, 1)
        const raw = files[`${prefix}data/${key!}`]!.slice().buffer
        const offset = args[1] as number
        if (type === 'torch.FloatStorage')
          stack.push({ dtype: 'float32', shape, data: new Float32Array(raw).slice(offset, offset + size) })
        else if (type === 'torch.LongStorage')
          stack.push({ dtype: 'int64', shape, data: new BigInt64Array(raw).slice(offset, offset + size) })
        else throw new ModelError('CHECKPOINT_INVALID', `storage ${type!}`)
      } else throw new ModelError('CHECKPOINT_UNSAFE', name)
    } else if (op === 'u') {
      const items = popMark()
      const target = stack.at(-1) as Map<Value, Value>
      for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1])
    } else if (op === 's') {
      const [key, value] = stack.splice(-2)
      ;(stack.at(-1) as Map<Value, Value>).set(key, value)
    } else if (op === 'b') stack.pop()
    else if (op === '.') break
    else throw new ModelError('CHECKPOINT_INVALID', `opcode ${op} at ${at}`)
  }
  for (const [name, tensor] of stack.pop() as Map<string, CheckpointTensor>) {
    if (typeof tensor === 'object' && 'dtype' in tensor) result.set(name, tensor)
  }
  return result
}
