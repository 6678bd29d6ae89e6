/**
 * A pickle machine that makes what pickle-values.ts lists, and nothing else. Pickle is a program: Python lets it call
 * anything importable. This machine refuses at the moment something else is named, before any of it is used.
 *
 * Instruction set: CPython's Lib/pickletools.py. Supported is what torch.save writes with protocols 2 to 5 for
 * state_dicts, alone or inside a training checkpoint of numbers, strings, lists and dicts.
 */
import { ModelError } from '../../errors'
import { constructors, opcodes } from './pickle-opcodes'
import {
  PickleGlobal,
  PickleTuple,
  allowedCalls,
  allowedGlobals,
  describeStorage,
  type PickleKey,
  type PickleValue,
  type StorageReference,
} from './pickle-values'

/**
 * A state_dict of 229 tensors takes 37 kB and 9,000 instructions. The worst a million instructions can make is a
 * million empty dicts, 200 MB.
 */
const largestPickle = 8 * 2 ** 20
const mostInstructions = 1_000_000
const longestLine = 256

const resave = "load it in PyTorch and save its tensors alone: torch.save(model.state_dict(), 'plain.pth')"

/**
 * @throws ModelError `CHECKPOINT_UNSAFE` when the pickle wants anything beyond the allowed names;
 * `CHECKPOINT_INVALID` when it is damaged or too large
 */
export function unpickle(bytes: Uint8Array): PickleValue {
  if (bytes.length > largestPickle) {
    throw new ModelError(
      'CHECKPOINT_INVALID',
      `the checkpoint's pickle has ${bytes.length} bytes, at most ${largestPickle} are read; ${resave}`,
    )
  }
  return new Machine(bytes).runToEnd()
}

/** torch files from before zip hold five: magic number, version, system, the object, and its storages' names. */
const mostPicklesInARow = 5

/**
 * For a file that is no zip but may be one pickle or several: whoever made it to do harm shall not be told that it is
 * merely of another format.
 * @throws ModelError `CHECKPOINT_UNSAFE`, nothing else
 */
export function refuseHarmfulPickles(bytes: Uint8Array): void {
  const hasProtocol = bytes[0] === opcodes.PROTO
  // Protocols 0 and 1 have no mark of their own, but unlike text a pickle ends in a full stop.
  if (!hasProtocol && bytes.at(-1) !== opcodes.STOP) return
  let rest = bytes.subarray(0, largestPickle)
  try {
    for (let count = 0; count < mostPicklesInARow && rest.length > 0; count++) {
      const machine = new Machine(rest)
      machine.run()
      rest = rest.subarray(machine.position)
    }
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== 'CHECKPOINT_UNSAFE') return
    const { module, name } = error.detail
    const isNamed = [module, name].every(part => typeof part === 'string' && /^[A-Za-z_][\w.]*$/.test(part))
    if (hasProtocol || isNamed) throw error
  }
}

class Machine {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #stack: PickleValue[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, PickleValue>()
  readonly #text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #at = 0
  /** Where the current instruction starts, for messages. */
  #start = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at
  }

  /** A pickle that is all there is. */
  runToEnd(): PickleValue {
    const value = this.run()
    this.#start = this.#at
    if (this.#at !== this.#bytes.length) throw this.#broken('there are bytes after its end')
    return value
  }

  run(): PickleValue {
    for (let count = 0; count < mostInstructions; count++) {
      this.#start = this.#at
      const code = this.#byte()
      if (code === opcodes.STOP) return this.#result()
      const value = this.#evaluate(code)
      if (value === undefined) this.#act(code)
      else this.#stack.push(value)
    }
    throw this.#broken(`it has more than ${mostInstructions} instructions`)
  }

  #result(): PickleValue {
    const value = this.#pop()
    if (this.#stack.length > 0 || this.#marks.length > 0) throw this.#broken('it ends with values left over')
    return value
  }

  /** Instructions that leave one value on the stack; undefined for those that do not. */
  #evaluate(code: number): PickleValue | undefined {
    switch (code) {
      case opcodes.NONE:
        return null
      case opcodes.NEWTRUE:
        return true
      case opcodes.NEWFALSE:
        return false
      case opcodes.BININT:
        return this.#view.getInt32(this.#take(4), true)
      case opcodes.BININT1:
        return this.#byte()
      case opcodes.BININT2:
        return this.#view.getUint16(this.#take(2), true)
      case opcodes.LONG1:
        return this.#long(this.#byte())
      case opcodes.BINFLOAT:
        return this.#view.getFloat64(this.#take(8), false)
      case opcodes.SHORT_BINUNICODE:
        return this.#string(this.#byte())
      case opcodes.BINUNICODE:
        return this.#string(this.#view.getUint32(this.#take(4), true))
      // The text instructions of protocol 0 are here only so that an old harmful pickle is called what it is.
      case opcodes.STRING:
      case opcodes.UNICODE:
        return this.#line()
      case opcodes.EMPTY_TUPLE:
        return new PickleTuple([])
      case opcodes.TUPLE1:
        return new PickleTuple(this.#popLast(1))
      case opcodes.TUPLE2:
        return new PickleTuple(this.#popLast(2))
      case opcodes.TUPLE3:
        return new PickleTuple(this.#popLast(3))
      case opcodes.TUPLE:
        return new PickleTuple(this.#popMark())
      case opcodes.EMPTY_LIST:
        return []
      case opcodes.EMPTY_DICT:
        return new Map<PickleKey, PickleValue>()
      case opcodes.BINGET:
        return this.#recall(this.#byte())
      case opcodes.LONG_BINGET:
        return this.#recall(this.#view.getUint32(this.#take(4), true))
      case opcodes.GLOBAL:
        return this.#global(this.#line(), this.#line())
      case opcodes.STACK_GLOBAL: {
        const [module, name] = this.#popLast(2)
        return this.#global(module, name)
      }
      case opcodes.BINPERSID:
        return this.#storage(this.#pop())
      case opcodes.REDUCE: {
        const [target, args] = this.#popLast(2)
        return this.#call(target, args)
      }
      default:
        return undefined
    }
  }

  /** The other instructions. */
  #act(code: number): void {
    switch (code) {
      case opcodes.PROTO: {
        const protocol = this.#byte()
        if (this.#start !== 0 || protocol > 5) throw this.#broken(`it says protocol ${protocol}`)
        break
      }
      case opcodes.FRAME:
        if (this.#view.getBigUint64(this.#take(8), true) > this.#bytes.length - this.#at) {
          throw this.#broken('it is cut short')
        }
        break
      case opcodes.MARK:
        this.#marks.push(this.#stack.length)
        break
      case opcodes.PUT:
        this.#remember(Number(this.#line()))
        break
      case opcodes.BINPUT:
        this.#remember(this.#byte())
        break
      case opcodes.LONG_BINPUT:
        this.#remember(this.#view.getUint32(this.#take(4), true))
        break
      case opcodes.MEMOIZE:
        this.#remember(this.#memo.size)
        break
      case opcodes.APPEND:
        this.#append(this.#popLast(1))
        break
      case opcodes.APPENDS:
        this.#append(this.#popMark())
        break
      case opcodes.SETITEM:
        this.#setItems(this.#popLast(2))
        break
      case opcodes.SETITEMS:
        this.#setItems(this.#popMark())
        break
      case opcodes.BUILD:
        this.#build(this.#pop())
        break
      case opcodes.INST:
        // Names something like GLOBAL does and calls it at once: no tensor needs that, whatever the name.
        throw this.#unsafeGlobal(this.#line(), this.#line())
      default:
        if (constructors.has(code)) throw this.#unsafe(`the instruction ${constructors.get(code)!}`)
        throw this.#broken(
          `the instruction 0x${code.toString(16).padStart(2, '0')} is not one torch.save writes`,
        )
    }
  }

  #take(size: number): number {
    const at = this.#at
    if (size > this.#bytes.length - at) throw this.#broken('it is cut short')
    this.#at += size
    return at
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!
  }

  #string(size: number): string {
    const at = this.#take(size)
    try {
      return this.#text.decode(this.#bytes.subarray(at, at + size))
    } catch (cause) {
      throw this.#broken('a string in it is not UTF-8', cause)
    }
  }

  #line(): string {
    const size = this.#bytes.subarray(this.#at, this.#at + longestLine + 1).indexOf(0x0a)
    if (size < 0) throw this.#broken('a line in it does not end')
    const line = this.#string(size)
    this.#at++
    return line
  }

  #long(size: number): number | bigint {
    const at = this.#take(size)
    let value = 0n
    for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.#bytes[at + index]!)
    value = BigInt.asIntN(size * 8, value)
    const short = Number(value)
    return Number.isSafeInteger(short) ? short : value
  }

  #pop(): PickleValue {
    return this.#popLast(1)[0]!
  }

  /** Values below the last mark belong to an unfinished container and are out of reach. */
  #popLast(count: 1 | 2 | 3): PickleValue[] {
    if (this.#stack.length - count < (this.#marks.at(-1) ?? 0)) throw this.#broken('its stack runs empty')
    return this.#stack.splice(-count)
  }

  #popMark(): PickleValue[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw this.#broken('a mark is missing')
    return this.#stack.splice(mark)
  }

  #top(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.#broken('its stack runs empty')
    return this.#stack.at(-1)!
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top()
    if (!Array.isArray(list)) throw this.#broken('it appends to something that is not a list')
    for (const item of items) list.push(item)
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top()
    if (!(dict instanceof Map)) throw this.#broken('it sets an item of something that is not a dict')
    if (items.length % 2 !== 0) throw this.#broken('a dict has a key without a value')
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index]!
      if (!isKey(key)) throw this.#broken('a dict key is neither a string nor a number')
      if (dict.has(key)) throw this.#broken(`a dict has the key ${printable(String(key))} twice`)
      dict.set(key, items[index + 1]!)
    }
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top())
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.#broken(`it recalls value ${index}, which it never stored`)
    return value
  }

  #global(module: PickleValue | undefined, name: PickleValue | undefined): PickleGlobal {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#broken('a global has no name')
    const full = `${module}.${name}`
    // Python walks dots in the second part attribute by attribute, which may end elsewhere than the joined name says.
    if (!allowedGlobals.includes(full) || name.includes('.')) throw this.#unsafeGlobal(module, name)
    return new PickleGlobal(full)
  }

  #storage(id: PickleValue): StorageReference {
    const storage = describeStorage(id)
    if (storage === undefined) throw this.#broken('a persistent id is not one of a storage with its size')
    return storage
  }

  #call(target: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
    if (!(target instanceof PickleGlobal)) throw this.#unsafe('a call of a value')
    const call = allowedCalls.get(target.name)
    if (call === undefined) throw this.#unsafe(`a call of ${target.name}`)
    const value = args instanceof PickleTuple ? call(args.items) : undefined
    if (value === undefined)
      throw this.#broken(`the arguments of ${target.name} are not those torch.save writes`)
    return value
  }

  /** state_dicts carry `_metadata` as an attribute of their OrderedDict: module versions, which no tensor depends on. */
  #build(state: PickleValue): void {
    if (this.#top() instanceof Map && state instanceof Map) return
    throw this.#unsafe('the instruction BUILD on something that is not an OrderedDict')
  }

  #unsafeGlobal(module: string, name: string): ModelError {
    return this.#unsafe(`${module}.${name}`, { global: `${module}.${name}`, module, name })
  }

  #unsafe(wanted: string, names: Readonly<Record<string, string>> = {}): ModelError {
    return new ModelError(
      'CHECKPOINT_UNSAFE',
      `the checkpoint asks for ${printable(wanted)}, which could run code; nothing was executed. Expected only tensors ` +
        `in a state_dict: if you trust where it comes from, ${resave}`,
      { ...names, offset: this.#start },
    )
  }

  #broken(found: string, cause?: unknown): ModelError {
    return new ModelError(
      'CHECKPOINT_INVALID',
      `the checkpoint's pickle cannot be read: at byte ${this.#start} ${found}. Expected what torch.save writes for a ` +
        `state_dict; ${resave}`,
      { offset: this.#start },
      cause === undefined ? undefined : { cause },
    )
  }
}

function isKey(value: PickleValue): value is PickleKey {
  return value === null || typeof value !== 'object'
}

/** A name out of the file, made fit for a terminal. */
function printable(name: string): string {
  const short = name.length > 100 ? `${name.slice(0, 100)}...` : name
  return short.replace(/[^\x20-\x7e]/g, '?')
}
