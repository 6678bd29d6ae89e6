/** Pickles that do harm in Python: each is refused by the name it asks for, and none runs. */
import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ModelError } from '../../lib/errors'
import { readCheckpoint } from '../../lib/model/checkpoint/checkpoint'
import { checkpointFile, float32Bytes, joinBytes, pickle, uint32, type Bytes } from './checkpoint-files'

const marker = join(tmpdir(), `aasist-pickle-marker-${process.pid}`)
const command = `touch ${marker}`

const { call, dict, global, orderedDict, program, stackGlobal, storage, tensor, text, tuple } = pickle
const weight = tensor({ storage: storage('FloatStorage', '0', 4), shape: [4] })
const stateDict = orderedDict([['weight', weight]])
const storages = { 0: float32Bytes([1, 2, 3, 4]) }

function refusal(pickled: Uint8Array): ModelError {
  try {
    readCheckpoint(checkpointFile(pickled, storages))
  } catch (error) {
    if (error instanceof ModelError) return error
    throw error
  }
  throw new Error('the checkpoint was read')
}

/** `detail.global` of the refusal. */
const namedGlobals: readonly (readonly [name: string, wanted: string, pickled: Uint8Array])[] = [
  ['os.system', 'os.system', program(call(global('os', 'system'), text(command)))],
  ['posix.system', 'posix.system', program(call(global('posix', 'system'), text(command)))],
  [
    'posix.system by STACK_GLOBAL, protocol 4',
    'posix.system',
    joinBytes('\x80\x04', stackGlobal('posix', 'system'), text(command), '\x85R.'),
  ],
  [
    'posix.system in a pickle of protocol 0',
    'posix.system',
    joinBytes(`cposix\nsystem\np0\n(V${command}\np1\ntp2\nRp3\n.`),
  ],
  ['INST', 'os.system', joinBytes(`(S'${command}'\nios\nsystem\n.`)],
  ['INST of a harmless name', 'collections.OrderedDict', joinBytes('(icollections\nOrderedDict\n.')],
  ['OBJ', 'os.system', joinBytes('(', global('os', 'system'), text(command), 'o.')],
  [
    'NEWOBJ',
    'subprocess.Popen',
    program(global('subprocess', 'Popen'), tuple(tuple(text('touch'), text(marker))), '\x81'),
  ],
  ['builtins.eval', 'builtins.eval', program(call(global('builtins', 'eval'), text('1')))],
  ['__builtin__.exec', '__builtin__.exec', program(call(global('__builtin__', 'exec'), text('1')))],
  [
    'a getattr chain',
    'builtins.getattr',
    program(call(call(global('builtins', 'getattr'), global('os', 'path'), text('system')), text(command))),
  ],
  [
    'copyreg._reconstructor',
    'copyreg._reconstructor',
    program(
      call(
        global('copyreg', '_reconstructor'),
        global('os', '_wrap_close'),
        global('builtins', 'object'),
        'N',
      ),
    ),
  ],
  ['copy_reg of Python 2', 'copy_reg._reconstructor', program(global('copy_reg', '_reconstructor'))],
  [
    'a NumPy scalar',
    'numpy._core.multiarray.scalar',
    program(dict([['best_eer', call(global('numpy._core.multiarray', 'scalar'), 'N', text('x'))]])),
  ],
  ['a whole model', 'models.AASIST.Model', program(global('models.AASIST', 'Model'), ')\x81', dict([]), 'b')],
  ['argparse.Namespace', 'argparse.Namespace', program(dict([['args', global('argparse', 'Namespace')]]))],
  ['torch.load', 'torch.load', program(call(global('torch', 'load'), text(marker)))],
  ['torch.hub.load', 'torch.hub.load', program(global('torch.hub', 'load'))],
  [
    'a storage type that no state_dict here needs',
    'torch.QInt8Storage',
    program(storage('QInt8Storage', '0', 4)),
  ],
  [
    'a dotted path through an allowed module',
    'torch._utils._rebuild_tensor_v2',
    program(stackGlobal('torch', '_utils._rebuild_tensor_v2')),
  ],
  [
    'an attribute of an allowed global',
    'collections.OrderedDict.__init__.__globals__',
    program(stackGlobal('collections', 'OrderedDict.__init__.__globals__')),
  ],
  [
    'an allowed name with a blank',
    'collections .OrderedDict',
    program(global('collections ', 'OrderedDict')),
  ],
  [
    'names that mean something in JavaScript',
    'constructor.constructor',
    program(stackGlobal('constructor', 'constructor')),
  ],
  ['__proto__', '__proto__.toString', program(stackGlobal('__proto__', 'toString'))],
]

/** Refused for what is done, not for a name. */
const instructions: readonly (readonly [name: string, said: string, pickled: Uint8Array])[] = [
  ['a call of a string', 'a call of a value', program(call(text('os.system'), text(command)))],
  ['a call of what a call gave', 'a call of a value', program(call(orderedDict([]), text(command)))],
  [
    'a call of a storage type',
    'a call of torch.FloatStorage',
    program(call(global('torch', 'FloatStorage'), text(command))),
  ],
  [
    'BUILD on a class (__setstate__, __dict__)',
    'BUILD',
    program(global('collections', 'OrderedDict'), dict([['__setstate__', text('system')]]), 'b'),
  ],
  ['BUILD on a tensor', 'BUILD', program(weight, dict([['__class__', text('x')]]), 'b')],
  ['BUILD with a state that is no dict', 'BUILD', program(orderedDict([]), tuple(text('x'), 'N'), 'b')],
  ['NEWOBJ of an allowed class', 'NEWOBJ', program(global('collections', 'OrderedDict'), ')\x81')],
  ['NEWOBJ_EX of an allowed class', 'NEWOBJ_EX', program(global('collections', 'OrderedDict'), ')}\x92')],
  ['OBJ of an allowed class', 'OBJ', program('(', global('collections', 'OrderedDict'), 'o')],
  ['the extension registry', 'EXT1', program('\x82\x01')],
  ['the extension registry, long', 'EXT4', program('\x84', uint32(1))],
]

const harm = call(global('os', 'system'), text(command))

const hidingPlaces: readonly (readonly [where: string, body: Bytes])[] = [
  ['after all tensors', orderedDict([['weight', weight], ['extra', harm]])], // prettier-ignore
  ['in the attributes of the state_dict', [stateDict, dict([['_metadata', harm]]), 'b']],
  [
    'in the hooks of a tensor',
    tensor({ storage: storage('FloatStorage', '0', 4), shape: [4], rest: [harm] }),
  ],
  ['in a list of the training history', dict([['state_dict', stateDict], ['log', ['](', harm, 'e']]])], // prettier-ignore
  ['in a persistent id', [tuple(text('storage'), harm), 'Q']],
  ['as a dict key', ['}', harm, 'Ns']],
  ['under the state_dict on the stack', [harm, stateDict]],
]

describe('a checkpoint with a harmful pickle', () => {
  afterEach('nothing ran', () => {
    const ran = existsSync(marker)
    rmSync(marker, { force: true })
    expect(ran).to.equal(false)
  })

  for (const [name, wanted, pickled] of namedGlobals) {
    it(`is refused by name: ${name}`, () => {
      const error = refusal(pickled)
      expect(error.code).to.equal('CHECKPOINT_UNSAFE')
      expect(error.detail['global']).to.equal(wanted)
      expect(`${String(error.detail['module'])}.${String(error.detail['name'])}`).to.equal(wanted)
      expect(error.message).to.include(wanted).and.include('nothing was executed').and.include('state_dict()')
    })
  }

  for (const [name, said, pickled] of instructions) {
    it(`is refused for ${name}`, () => {
      const error = refusal(pickled)
      expect(error.code).to.equal('CHECKPOINT_UNSAFE')
      expect(error.message).to.include(said)
    })
  }

  for (const [where, body] of hidingPlaces) {
    it(`is refused when the harm hides ${where}`, () => {
      const error = refusal(program(body))
      expect(error.code).to.equal('CHECKPOINT_UNSAFE')
      expect(error.detail['global']).to.equal('os.system')
    })
  }

  it('is refused by name when it is no zip at all: the pickle alone, of any protocol', () => {
    const bare = [
      program(harm),
      joinBytes('\x80\x05', stackGlobal('os', 'system'), text(command), '\x85R.'),
      joinBytes(`cos\nsystem\n(S'${command}'\ntR.`),
      joinBytes(`(S'${command}'\nios\nsystem\n.`),
    ]
    for (const pickled of bare) {
      expect(() => readCheckpoint(pickled))
        .to.throw(ModelError, 'os.system')
        .with.property('code', 'CHECKPOINT_UNSAFE')
    }
  })

  it('is refused by name in a torch file from before zip, behind honest pickles and tensors', () => {
    const magic = joinBytes('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.')
    const system = program(dict([['little_endian', '\x88']]))
    const legacyStorage: Bytes = [
      tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), pickle.int(4), 'N'),
      'Q',
    ]
    const object = program(tensor({ storage: legacyStorage, shape: [4] }), harm)
    expect(() => readCheckpoint(joinBytes(magic, program(pickle.int(1001)), system, object, 'rest')))
      .to.throw(ModelError, 'os.system')
      .with.property('code', 'CHECKPOINT_UNSAFE')
  })

  it('is not suspected in text that only begins like a pickle', () => {
    for (const document of [
      'config\nfor AASIST\n',
      'copy it\nand read it.',
      'in the end.\nit works.',
      'o.',
    ]) {
      expect(() => readCheckpoint(joinBytes(document)))
        .to.throw(ModelError)
        .with.property('code', 'CHECKPOINT_INVALID')
    }
  })

  it('cannot write to the terminal through its names', () => {
    const error = refusal(program(global('os\x1b[2J', `system\u0007${'x'.repeat(150)}`)))
    expect(error.code).to.equal('CHECKPOINT_UNSAFE')
    expect(error.message).to.match(/^[\x20-\x7e]*$/)
  })
})
