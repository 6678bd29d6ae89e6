import js from '@eslint/js'
import tseslint from 'typescript-eslint'

// Import directions (docs/architecture.md): each room lists the rooms of lib/ it may look into. Everything may import
// errors; `metrics`, `model`, `audio` and `dataset` import nothing else of ours; and nothing imports lib/index.ts.
const rooms = {
  audio: [],
  model: [],
  dataset: [],
  metrics: [],
  toolchain: [],
  session: [],
  onnxruntime: ['session'],
  scoring: ['session', 'audio', 'dataset', 'model', 'metrics', 'toolchain'],
  benchmark: ['scoring', 'session', 'audio', 'dataset', 'model', 'metrics', 'toolchain'],
  report: ['scoring', 'dataset', 'metrics'],
  queue: ['scoring', 'session', 'audio', 'dataset', 'model', 'metrics', 'toolchain'],
  cli: [
    'report',
    'benchmark',
    'queue',
    'scoring',
    'session',
    'audio',
    'dataset',
    'model',
    'metrics',
    'toolchain',
  ],
}
/** Files of lib/ that belong to no room, beside errors, and the rooms that may import them. */
const shared = { 'abort-listeners': ['session', 'scoring'], 'file-beside': ['session', 'scoring'] }

/** `..` behind a name, also behind `.`: no path needs it, and the rules below would not see where it leads. */
const detour = {
  regex: '(^|/)(?!\\.\\.(/|$))[^/]+/\\.\\.(/|$)',
  message: 'write the path without detour: see docs/architecture.md',
}
const restrict = (files, patterns) => ({
  files: [files],
  rules: { 'no-restricted-imports': ['error', { patterns: [...patterns, detour] }] },
})

/** `depth` is the number of folders between a room and a file: how many `../` lead to lib/ depends on it. */
function restrictRoom(room, depth) {
  const toLib = `^(\\.\\./){${depth}}\\.\\.`
  const files = Object.keys(shared).filter(file => shared[file].includes(room))
  const reachable = ['errors', ...files, room, ...rooms[room]]
  const otherRooms = Object.keys(rooms).filter(other => !reachable.includes(other))
  const ownDoor = {
    regex: `^(\\.\\./){0,${depth - 1}}\\.\\.(/index)?$`,
    message: `lib/${room} must not import its own index.ts: see docs/architecture.md`,
  }
  return restrict(`lib/${room}/${'*/'.repeat(depth)}*.ts`, [
    ...otherRooms.map(other => ({
      regex: `${toLib}/${other}(/|$)`,
      message: `lib/${room} must not import lib/${other}: see docs/architecture.md`,
    })),
    {
      regex: `${toLib}($|/(?!(${[...reachable, ...otherRooms].join('|')})(/|$)))`,
      message: `lib/${room} must import nothing of lib but ${reachable.join(', ')}: see docs/architecture.md`,
    },
    ...(depth > 0 ? [ownDoor] : []),
  ])
}

const depths = [0, 1, 2, 3]
const directions = [
  restrict('lib/*.ts', [
    { regex: '^\\.(/(index)?)?$|^\\.\\.', message: 'nothing of lib imports lib/index.ts or leaves lib' },
  ]),
  ...Object.keys(rooms).flatMap(room => depths.map(depth => restrictRoom(room, depth))),
]

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'coverage/', 'site/', '.aasist/', 'lib/model/onnx/onnx_pb.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // Typed arrays read inside their bounds all over the numeric code; `!` says so in one character.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // An AbortSignal's reason is whatever its owner chose, and rejecting with it is the convention.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
        { selector: 'TSEnumDeclaration', message: 'use a union of string literals' },
      ],
    },
  },
  ...directions,
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off', 'no-restricted-imports': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        require: 'readonly',
        module: 'readonly',
        __dirname: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
  {
    files: ['examples/service/page/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...['document', 'fetch', 'FormData', 'Blob', 'URL', 'AbortController', 'navigator', 'performance'],
          ...['AudioContext', 'AudioWorkletNode', 'AudioWorkletProcessor', 'registerProcessor', 'sampleRate'],
          ...['setInterval', 'clearInterval', 'window'],
        ].map(name => [name, 'readonly']),
      ),
    },
  },
)
